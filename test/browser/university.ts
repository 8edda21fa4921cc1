import type { ConfigurationInput } from '../../src/config/schema.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Db, openEmbedded } from '../../src/db/open.ts';
import { startDemoService } from '../../src/trial/demo-service.ts';
import type { LocalSite } from '../../src/trial/local-server.ts';
import { appCode, type Cluster, startCluster, testAppSecret } from '../support/cluster.ts';
import { freePort } from '../support/free-port.ts';

/** Twelve characters, as docs/requirements.md counts them. */
export const password = 'Kamo-gawa-12';

/** Somebody of the university, with an ID of ten characters and an address of twenty-two. */
export interface Person {
  loginId: string;
  address: string;
}

export interface Mail {
  subject: string;
  text: string;
  html: string;
}

/** A small university: the identity provider on the embedded database, a mail server, two services. */
export interface University {
  issuer: string;
  db: Db;
  cluster: Cluster;
  /** Asks for a second factor. */
  important: LocalSite;
  /** Is content with the password. */
  ordinary: LocalSite;
  /** Somebody new; `ways` are what has been set up before. */
  enrol(ways?: readonly ('mail' | 'app')[]): Promise<Person>;
  /** The newest mail with a code to an address, once it is there. */
  mail(address: string): Promise<Mail & { reference: string; code: string }>;
  /** The mail to an address whose subject has these words, once it is there. */
  mailAbout(address: string, words: string | RegExp): Promise<Mail>;
  /** How many mails have come to an address. */
  mailsTo(address: string): number;
  close(): Promise<void>;
}

export { appCode };

const names = {
  important: { en: 'Grades', ja: '成績システム' },
  ordinary: { en: 'Library', ja: '図書館' },
};

// "… (KQ7)" at the end of the subject: only mails with a code have it.
const withReference = /[(（]([A-Z0-9]+)[)）]$/;

/** Kyoto's values, as the example configuration has them. */
const branding = {
  organisation: { en: 'Kyoto University', ja: '京都大学' },
  login_id_label: { en: 'ECS-ID / SPS-ID', ja: 'ECS-ID / SPS-ID' },
  totp_issuer: 'Kyoto University',
  inquiry_url: {
    en: 'https://www.iimc.kyoto-u.ac.jp/en/inquiry/?q=ninsho',
    ja: 'https://www.iimc.kyoto-u.ac.jp/ja/inquiry/?q=ninsho',
  },
  support_centre: {
    name: { en: 'ICT Support Center', ja: '情報環境支援センター' },
  },
};

/** How a university differs from the others. */
export interface UniversitySettings {
  /** The issuer has a name, and the important service takes a passkey in place of password and code. */
  passkeys?: boolean;
  /** For so many days the important service is content with the password in a trusted browser. */
  trustedBrowserDays?: number;
  /** The support centre's settings; open around the clock unless they say otherwise. */
  desk?: ConfigurationInput['desk'];
}

const daysOfTheWeek = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** No test depends on the hour at which it runs. */
const openAlways = {
  hours: Object.fromEntries(daysOfTheWeek.map((day) => [day, ['00:00-24:00']])),
  holidays: 'none',
} as const;

export async function startUniversity({
  passkeys = false,
  trustedBrowserDays = 0,
  desk = {},
}: UniversitySettings = {}): Promise<University> {
  const db = openEmbedded();
  await migrate(db);
  const ports = { important: await freePort(), ordinary: await freePort() };
  const secret = 'a demo secret that only these tests know 8c1f';
  const kinds = ['important', 'ordinary'] as const;
  const url = (kind: 'important' | 'ordinary'): string => `http://127.0.0.1:${ports[kind]}`;
  const cluster = await startCluster(
    { db, kind: 'pglite', url: undefined, connect: async () => db, close: () => db.destroy() },
    {
      config: { branding, desk: { ...openAlways, ...desk } },
      ...(passkeys ? { host: 'localhost' as const } : {}),
      clients: kinds.map((kind) => ({
        client_id: kind,
        client_secret: secret,
        client_name: names[kind].en,
        'client_name#ja': names[kind].ja,
        client_uri: `${url(kind)}/`,
        redirect_uris: [`${url(kind)}/callback`],
        post_logout_redirect_uris: [`${url(kind)}/`],
        second_factor: kind === 'important' ? 'required' : 'off',
        passkey_sign_in: passkeys && kind === 'important',
        trusted_browser_days: kind === 'important' ? trustedBrowserDays : 0,
        scope: 'openid profile email',
      })),
    },
  );
  const [important, ordinary] = await Promise.all(
    kinds.map((kind) => {
      const other = kind === 'important' ? 'ordinary' : 'important';
      return startDemoService({
        clientId: kind,
        clientSecret: secret,
        issuer: cluster.issuer,
        port: ports[kind],
        name: names[kind],
        other: { name: names[other], url: url(other) },
      });
    }),
  );
  if (important === undefined || ordinary === undefined) throw new Error('the services did not start');
  let people = 0;

  async function mailAbout(address: string, words: string | RegExp): Promise<Mail> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      for (const { to, parsed } of cluster.smtp.mails.toReversed()) {
        if (!to.includes(address)) continue;
        const { subject = '', text = '', html } = await parsed;
        if (subject.search(words) >= 0) return { subject, text, html: typeof html === 'string' ? html : '' };
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    throw new Error(`no mail about ${String(words)} has come to ${address}`);
  }

  return {
    issuer: cluster.issuer,
    db,
    cluster,
    important,
    ordinary,

    async enrol(ways = []) {
      people += 1;
      const loginId = `b${String(people).padStart(9, '0')}`;
      const address = `${loginId}@box.example`;
      const line = [
        loginId,
        'sps',
        'Aoi Nishijin',
        '西陣 葵',
        '',
        password,
        ways.includes('mail') ? address : '',
        ways.includes('app') ? testAppSecret : '',
      ].join(',');
      await cluster.addAccounts([line]);
      return { loginId, address };
    },

    async mail(address) {
      const mail = await mailAbout(address, withReference);
      const [, reference = ''] = withReference.exec(mail.subject) ?? [];
      return { ...mail, reference, code: /\b\d{8}\b/.exec(mail.text)?.[0] ?? '' };
    },

    mailAbout,

    mailsTo: (address) => cluster.smtp.mails.filter(({ to }) => to.includes(address)).length,

    async close() {
      await Promise.all([important.close(), ordinary.close()]);
      await cluster.close();
      await db.destroy();
    },
  };
}
