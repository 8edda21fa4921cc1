import { checkConfiguration } from '../config/load.ts';
import type { Configuration } from '../config/schema.ts';
import { loopback } from './local-server.ts';

export interface TrialPlace {
  port: number;
  secret: string;
  smtpUrl: string;
}

const daysOfTheWeek = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** The trial's settings: Kyoto University's rules, names and links, on this machine alone. */
export function trialConfiguration({ port, secret, smtpUrl }: TrialPlace): Configuration {
  return checkConfiguration(
    {
      issuer: `http://${loopback}:${port}`,
      // There is no load balancer here that needs time to notice a stop.
      server: {
        host: loopback,
        port,
        internal_port: 0,
        drain_seconds: 0,
        shutdown_seconds: 5,
        node_name: 'trial',
      },
      secrets: { current: secret },
      mail: {
        smtp_url: smtpUrl,
        from_address: 'no-reply@idp.example',
        from_name: { en: 'Kyoto University (trial)', ja: '京都大学（体験版）' },
      },
      branding: {
        organisation: { en: 'Kyoto University', ja: '京都大学' },
        login_id_label: { en: 'ECS-ID / SPS-ID', ja: 'ECS-ID / SPS-ID' },
        totp_issuer: 'Kyoto University',
        inquiry_url: {
          en: 'https://www.iimc.kyoto-u.ac.jp/en/inquiry/?q=ninsho',
          ja: 'https://www.iimc.kyoto-u.ac.jp/ja/inquiry/?q=ninsho',
        },
        support_centre: {
          name: { en: 'ICT Support Center', ja: '情報環境支援センター' },
          email: 'support@example.ac.jp',
        },
      },
      places: [{ name: { en: 'This computer', ja: 'このコンピューター' }, networks: ['127.0.0.0/8', '::1'] }],
      addresses: {
        forbidden: [
          { domain: 'st.kyoto-u.ac.jp', label: 'KUMOI' },
          { domain: 'kyoto-u.ac.jp', label: 'KUMail' },
          { domain: 'ms.c.kyoto-u.ac.jp' },
        ],
      },
      // Open around the clock, so that it can be tried at any hour; /operator/calendar closes it.
      desk: {
        hours: Object.fromEntries(daysOfTheWeek.map((day) => [day, ['00:00-24:00']])),
        holidays: 'none',
      },
      locale: { default: 'ja', time_zone: 'Asia/Tokyo' },
    },
    [],
    { embedded: true },
  );
}
