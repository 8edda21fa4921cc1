import { demoPassword } from './accounts.ts';
import { loopback } from './local-server.ts';
import { importantService, mailboxPortOffset, ordinaryService } from './services.ts';

/** What the terminal says when the trial is up: what to open, and whom to be. */
export function welcome(port: number, folder: string): string {
  const at = (offset: number): string => `http://${loopback}:${port + offset}`;
  return `Nijo's trial runs, on this machine alone. Its data is in ${folder}; Ctrl+C stops it.

  Open   ${at(importantService.portOffset)}   a service that asks for a second factor
         ${at(ordinaryService.portOffset)}   a service that asks for the password only
         ${at(mailboxPortOffset)}   every mail that is sent, and the codes of the demo app
         ${at(0)}/account   your own page: what is set up, changes, sessions, history

  Be     a0000001   nothing set up yet         kyoin001   staff, nothing set up yet
         a0000002   codes by mail              desk0001   support centre, codes by app
         a0000003   codes by app               oper0001   operator, codes by app
         a0000004   both                       password of all: ${demoPassword}

  日本語: ${at(importantService.portOffset)} を開き、a0000001（パスワード ${demoPassword}）でログインしてください。メールは ${at(mailboxPortOffset)} に届きます。設定の変更や履歴は、ご自分のページ（${at(0)}/account）にあります。
`;
}
