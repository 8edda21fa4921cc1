import type { Message } from '../message.ts';

/** The page on which a setup pass is typed in. */
const en = {
  'setUpPass.title': 'Enter your setup pass',
  'setUpPass.lead.asked': 'With a setup pass you set up your second step anew.',
  'setUpPass.lead.first':
    'Your second step is not set up yet. To set it up for the first time, you need a setup pass.',
  'setUpPass.lead.lost':
    'Your second step has to be set up again, and the password alone is not enough for it. You need a setup pass.',
  'setUpPass.lead.disabled':
    'Too many wrong codes were entered, so your second step is switched off. To set it up again, you need a setup pass.',
  'setUpPass.where': 'You get it from {centre}, after somebody there has made sure who you are.',
  'setUpPass.what': 'What the setup pass does',
  'setUpPass.what.replaces':
    'When the new second step is set up, the old one is removed: mail address, apps, passkeys and recovery codes.',
  'setUpPass.what.ends': 'You are then signed out everywhere else.',
  'setUpPass.what.once': 'The pass works once, for your ID only, and in one browser.',
  'setUpPass.label': 'Setup pass (16 digits)',
  'setUpPass.hint': 'Four groups of four digits, such as 1234 5678 9012 3456. The spaces do not matter.',
  'setUpPass.none': 'You have no setup pass, or it does not work?',
  'setUpPass.ask': 'Ask {centre} ({hours}).',
  'setUpPass.help': 'Ask for help',
  'setUpPass.back': 'Back to the sign-in',
} as const satisfies Record<string, Message>;

const ja: Record<keyof typeof en, Message> = {
  'setUpPass.title': '設定パスを入力してください',
  'setUpPass.lead.asked': '設定パスがあれば、二つ目の確認を設定し直せます。',
  'setUpPass.lead.first': '二つ目の確認が、まだ設定されていません。初めて設定するには、設定パスが必要です。',
  'setUpPass.lead.lost':
    '二つ目の確認を、もう一度設定する必要があります。パスワードだけでは設定できません。設定パスが必要です。',
  'setUpPass.lead.disabled':
    '違う確認コードが何度も入力されたので、二つ目の確認は使えなくなっています。もう一度設定するには、設定パスが必要です。',
  'setUpPass.where': '設定パスは、{centre}が本人確認をしてからお渡しします。',
  'setUpPass.what': '設定パスを使うと',
  'setUpPass.what.replaces':
    '新しい設定ができたとき、前の設定（メールアドレス、アプリ、パスキー、リカバリーコード）はなくなります。',
  'setUpPass.what.ends': 'そのとき、ほかの場所ではすべてログアウトします。',
  'setUpPass.what.once': '設定パスは、あなたのIDだけで、一つのブラウザーで、1回だけ使えます。',
  'setUpPass.label': '設定パス（16桁の数字）',
  'setUpPass.hint': '4桁ずつ4組の数字です。例：1234 5678 9012 3456。空白はあってもなくてもかまいません。',
  'setUpPass.none': '設定パスがない、または使えないとき',
  'setUpPass.ask': '{centre}（{hours}）にご相談ください。',
  'setUpPass.help': '相談する',
  'setUpPass.back': 'ログインに戻る',
};

export const setUpPass = { en, ja };
