import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, errorStatus } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Configuration } from '../config/schema.ts';
import type { Branding } from '../i18n/branding.ts';
import { locales, type Locale } from '../i18n/locale.ts';
import { translator } from '../i18n/translate.ts';
import type { Logger } from '../observe/logger.ts';

/** The error of Node's parser for a request that it cannot read. */
export interface ParserError extends Error {
  code?: string;
  rawPacket?: Buffer;
}

export interface UnreadableRequests {
  /** Answers data that never became a request: the parser gave up before any header was known. */
  answer: (error: ParserError, socket: Socket) => void;
}

// Longer than any URL of ours, or of a service's request within its limits.
const longestTarget = 8192;
// Only these two say what went wrong; all others are invalid HTTP.
const codes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * Requests that end in the parser, before their language, path or cookies are known: the answer is a page in
 * both languages that says what to do, and a line in the log. The sender is unknown, so the page repeats
 * nothing of the request.
 */
export function createUnreadableRequests(options: {
  branding: Branding;
  config: Pick<Configuration, 'issuer' | 'locale'>;
  logger: Logger;
  observe?: (status: number) => void;
}): UnreadableRequests {
  const https = options.config.issuer.startsWith('https:');
  const first = options.config.locale.default;
  const answered = new WeakSet<Socket>();
  return {
    answer(error, socket) {
      // Data after the answer is unreadable too. Closing on it would be a reset: the page would be lost on
      // the way, and a proxy would count it as a failure of this node.
      if (answered.has(socket)) return;
      // The client has disconnected, or an answer has begun: data sent now would be read as a part of it.
      if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(socket)) {
        socket.destroy();
        return;
      }
      const code = codeOf(error);
      const status = errorStatus[code];
      const requestId = newId();
      options.observe?.(status);
      options.logger.warn(
        {
          event: 'request.unreadable',
          code,
          status,
          requestId,
          address: socket.remoteAddress,
          reason: error.code,
        },
        'a request could not be read',
      );
      const body = pageOf(code, requestId.slice(0, 8).toUpperCase(), options.branding, first);
      const headers = [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Connection: close',
        'Content-Type: text/html; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        `Content-Security-Policy: default-src 'none'; style-src '${styleHash}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
        'Cache-Control: no-store',
        'Referrer-Policy: no-referrer',
        'X-Content-Type-Options: nosniff',
        'X-Frame-Options: DENY',
        `X-Request-Id: ${requestId}`,
        ...(https ? ['Strict-Transport-Security: max-age=63072000'] : []),
      ];
      socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
      answered.add(socket);
      socket.resume();
      setTimeout(() => socket.destroy(), 2000).unref();
    },
  };
}

function codeOf(error: ParserError): ErrorCode {
  const code = codes[error.code ?? ''] ?? 'bad_request';
  if (code !== 'headers_too_large') return code;
  const packet = error.rawPacket?.subarray(0, longestTarget + 20).toString('latin1') ?? '';
  return /^[A-Z]+ [^\s]{8192}/.test(packet) ? 'url_too_long' : code;
}

function isAnswering(socket: Socket): boolean {
  const message: unknown = Reflect.get(socket, '_httpMessage');
  return typeof message === 'object' && message !== null && Reflect.get(message, '_headerSent') === true;
}

const style =
  'body{font-family:system-ui,sans-serif;line-height:1.7;max-width:40rem;margin:2rem auto;padding:0 1rem}' +
  'section{margin-bottom:2.5rem}h1{font-size:1.5rem;line-height:1.4}';
const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`;

function pageOf(code: ErrorCode, reference: string, branding: Branding, first: Locale): string {
  const order = locales.toSorted((one, other) => Number(other === first) - Number(one === first));
  const title = order.map((locale) => translator(locale)(`errors.${code}.title`)).join(' / ');
  const sections = order.map((locale) => {
    const t = translator(locale);
    const centre = branding.supportCentre.name[locale];
    return `<section lang="${locale}">
<h1>${escape(t(`errors.${code}.title`))}</h1>
<p>${escape(t(`errors.${code}.message`))}</p>
<p><a href="${escape(branding.inquiryUrl[locale])}" rel="noreferrer">${escape(centre)}</a></p>
</section>`;
  });
  return `<!doctype html>
<html lang="${first}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head>
<body>
<main data-page="error">
${sections.join('\n')}
<p><code data-error="${code}">${code}</code> <strong data-reference>${reference}</strong></p>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (found) => entities[found] ?? '');
