import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A mail as `/messages.json` shows it. */
export interface ReceivedMail {
  /** The envelope's recipients: where the mail would have gone. */
  to: string;
  subject: string;
  text: string;
  /** Empty when the mail has no HTML part. */
  html: string;
  /** When it arrived (ISO 8601). */
  at: string;
}

export interface MailStore {
  add(mail: ReceivedMail): void;
  /** Newest last. */
  all(): readonly ReceivedMail[];
}

const kept = 500;

function read(file: string): ReceivedMail[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      // A line cut off by a killed process must not prevent the start.
      try {
        return line === '' ? [] : [JSON.parse(line) as ReceivedMail];
      } catch {
        return [];
      }
    });
}

/** Keeps the newest mails, also in `file` if one is given: one JSON object per line. */
export function openMailStore(file?: string): MailStore {
  const mails = file !== undefined && existsSync(file) ? read(file).slice(-kept) : [];
  // Mails hold codes: no other user of the machine may read them.
  const lines = mails.map((mail) => `${JSON.stringify(mail)}\n`).join('');
  if (file !== undefined) writeFileSync(file, lines, { mode: 0o600 });
  return {
    add(mail) {
      mails.push(mail);
      if (mails.length > kept) mails.shift();
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(mail)}\n`, { mode: 0o600 });
    },
    all: () => mails,
  };
}
