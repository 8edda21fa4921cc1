import { appSecret, demoPassword } from './accounts.ts';
import { loopback } from './local-server.ts';
import { importantService, mailboxPortOffset, ordinaryService } from './services.ts';

/** What the terminal says when the trial is up: what to open, and which accounts to use. */
export function welcome(port: number, folder: string): string {
  const at = (offset: number): string => `http://${loopback}:${port + offset}`;
  return `Nijo's trial runs, on this machine alone. Its data is in ${folder}; Ctrl+C stops it.

  Open   ${at(importantService.portOffset)}   a service that asks for a second factor
         ${at(ordinaryService.portOffset)}   a service that asks for the password only
         ${at(mailboxPortOffset)}   every mail that is sent, and the codes of the demo app
         ${at(0)}/account   your own page: what is set up, changes, sessions, history

  Be     a0000001   nothing set up yet         a0000004   both
         a0000002   codes by mail              a0000005   an app on a lost phone: goes to the desk
         a0000003   codes by app               kyoin001   staff, nothing set up yet
         password of all: ${demoPassword}

  Help   ${at(0)}/desk       as desk0001 (support centre), lead0001 (its lead), audi0001 (auditor)
         ${at(0)}/operator   as oper0001 (operator)
         The app of all four has the secret ${appSecret};
         its codes are on ${at(mailboxPortOffset)} too. The support centre is open around the clock here:
         ${at(0)}/operator/calendar closes it. docs/desk-drill.md walks through it.

  日本語: ${at(importantService.portOffset)} を開き、a0000001（パスワード ${demoPassword}）でログインしてください。メールは ${at(mailboxPortOffset)} に届きます。設定の変更や履歴は、ご自分のページ（${at(0)}/account）にあります。
  サポート窓口: ${at(0)}/desk を開き、desk0001 または lead0001 でログインしてください（コードは ${at(mailboxPortOffset)} に出ています）。窓口は24時間開いています。${at(0)}/operator/calendar（oper0001）で休みにできます。
`;
}
