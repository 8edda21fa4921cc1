import { createServer, type Server, type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/**
 * How the server behaves:
 * `ok` takes mails; `down` resets every connection; `stall` accepts and says nothing; `temporary`
 * answers 421 to MAIL FROM; `greylist` answers 451 to a recipient's first try; `refuse` answers 550
 * to the recipient; `say` gives the answer in `said` at the stage it names; `reset` takes the whole mail, keeps it, and resets before the answer.
 */
export type SmtpMode = 'ok' | 'down' | 'stall' | 'temporary' | 'greylist' | 'refuse' | 'say' | 'reset';

/** A reply, such as `504 5.5.2 Helo command rejected`, and where in the dialogue it is given. */
export interface SaidReply {
  at: 'CONNECT' | 'MAIL' | 'RCPT' | 'DATA';
  reply: string;
}

export interface ReceivedMail {
  from: string;
  /** The recipients of the envelope, as the server heard them. */
  to: string[];
  raw: string;
  parsed: Promise<ParsedMail>;
  /** Whether it came over TLS. */
  secure: boolean;
}

export interface SmtpSink {
  readonly port: number;
  readonly url: string;
  readonly mails: ReceivedMail[];
  /** Every recipient that was named to the server, taken or not. */
  readonly recipients: string[];
  /** What clients called themselves in EHLO or HELO, once for each mail. */
  readonly ehloNames: string[];
  mode: SmtpMode;
  /** What `refuse` says after "550". */
  refusal: string;
  /** What `say` answers. */
  said: SaidReply;
  /** The largest number of connections that were open at once. */
  readonly mostConnections: number;
  close(): Promise<void>;
}

class Reply extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

/** The library decodes the A-labels of a domain; what came over the wire had them. */
function asSent(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`;
}

/** A real SMTP server on an ephemeral port of this machine, with STARTTLS, that can fail on demand. */
export async function startSmtpSink(): Promise<SmtpSink> {
  const sockets = new Map<number, Socket>();
  const greylisted = new Set<string>();
  const state = { mode: 'ok' as SmtpMode, refusal: '5.1.1 no such user', mostConnections: 0 };
  let said: SaidReply = { at: 'RCPT', reply: '550 5.1.1 no such user' };
  const saidAt = (stage: SaidReply['at']): Reply | null =>
    state.mode === 'say' && said.at === stage
      ? new Reply(Number(said.reply.slice(0, 3)), said.reply.slice(4))
      : null;
  const mails: ReceivedMail[] = [];
  const recipients: string[] = [];
  const ehloNames: string[] = [];

  const smtp = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onConnect: (_session, done) => done(saidAt('CONNECT')),
    onMailFrom(_address, session, done) {
      ehloNames.push(session.hostNameAppearsAs);
      done(state.mode === 'temporary' ? new Reply(421, '4.3.2 busy, try later') : saidAt('MAIL'));
    },
    onRcptTo({ address }, _session, done) {
      recipients.push(asSent(address));
      if (state.mode === 'refuse') return done(new Reply(550, state.refusal));
      const reply = saidAt('RCPT');
      if (reply !== null) return done(reply);
      if (state.mode !== 'greylist' || greylisted.has(address)) return done();
      greylisted.add(address);
      return done(new Reply(451, '4.7.1 greylisted, try later'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks);
        const reply = saidAt('DATA');
        if (reply !== null) return done(reply);
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => asSent(address)),
          raw: raw.toString(),
          parsed: simpleParser(raw),
          secure: session.secure,
        });
        if (state.mode === 'reset') sockets.get(session.remotePort)?.resetAndDestroy();
        else done(null, 'queued');
        return undefined;
      });
    },
  });
  smtp.on('error', () => undefined);

  const front: Server = createServer((socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    state.mostConnections = Math.max(state.mostConnections, sockets.size);
    socket.on('close', () => sockets.delete(port));
    socket.on('error', () => undefined);
    if (state.mode === 'down') socket.resetAndDestroy();
    else if (state.mode !== 'stall') smtp.server.emit('connection', socket);
  });
  await new Promise<void>((resolve) => {
    front.listen(0, '127.0.0.1', resolve);
  });
  const address = front.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    port: address.port,
    url: `smtp://127.0.0.1:${address.port}`,
    mails,
    recipients,
    ehloNames,
    get mode() {
      return state.mode;
    },
    set mode(mode: SmtpMode) {
      state.mode = mode;
      if (mode === 'down') for (const socket of sockets.values()) socket.resetAndDestroy();
    },
    get refusal() {
      return state.refusal;
    },
    set refusal(words: string) {
      state.refusal = words;
    },
    get said() {
      return said;
    },
    set said(reply: SaidReply) {
      said = reply;
    },
    get mostConnections() {
      return state.mostConnections;
    },
    async close() {
      for (const socket of sockets.values()) socket.destroy();
      await new Promise((resolve) => {
        front.close(resolve);
      });
    },
  };
}
