import type { Message } from '../message.ts';

/** The login pages beside password, mail code and app code. */
const en = {
  // The app cannot be used.
  'appCode.lost': 'I cannot use my app',
  'appCode.lostHint': 'You can then reset your settings, or are told who helps.',

  // Trusting a browser.
  'trust.label': {
    by: 'days',
    one: 'Do not ask for the second step in this browser for 1 day',
    other: 'Do not ask for the second step in this browser for {days} days',
  },
  'trust.hint': 'Only on a device of your own. You can end it at any time on your page.',

  // A code of the printed sheet.
  'recoveryCode.title': 'Enter a recovery code',
  'recoveryCode.lead':
    'Take the sheet with your recovery codes, and enter a code that you have not used yet.',
  'recoveryCode.sheet': 'Number of the sheet',
  'recoveryCode.label': 'Recovery code',
  'recoveryCode.hint': '13 letters and digits. Capital letters, spaces and hyphens make no difference.',
  'recoveryCode.once': 'Each code works once: cross it out on the sheet afterwards.',
  'recoveryCode.trouble': 'You do not have the sheet?',
  'recoveryCode.trouble.ways': 'Choose another way on this page.',
  'recoveryCode.trouble.ask': 'Otherwise ask {centre} ({hours}).',

  // Reset by mail.
  'reset.title': 'Reset your second step',
  'reset.lead': 'Use this if your app is lost for good. We have sent an 8-digit code to your mail address.',
  'reset.leadUnsent': 'Use this if your app is lost for good. First have a code sent to your mail address.',
  'reset.once':
    'You cannot use the app only today? Choose another way below: then nothing in your settings changes.',
  'reset.what': 'The reset',
  'reset.what.removes': 'removes your apps, passkeys and recovery codes, and ends the trust in your browsers',
  'reset.what.ends': 'signs you out everywhere else',
  'reset.what.keeps': 'keeps your mail address, which cannot be changed for a day',
  'reset.reason': 'Why can you not use your app?',
  'reset.reason.not-transferred': 'I could not move it to my new phone or computer',
  'reset.reason.device-failure': 'The device is broken or lost',
  'reset.reason.other': 'Another reason',
  'reset.password': 'Password',
  'reset.passwordHint': 'You were signed in already, so we ask for it here.',
  'reset.submit': 'Reset and continue',
  'reset.ways': 'Sign in without a reset',
  'resetDone.title': 'The reset is done. Set up an app now',
  'resetDone.lead':
    'Your apps, passkeys and recovery codes were removed, and you are signed out everywhere else. Your mail address stays, and we have sent you a mail about it.',
  'resetDone.now': 'Set up an app at once, so that you can sign in without waiting for a mail.',
  'resetDone.needed': 'This service asks for more than a code by mail: set up an app to go on.',
  'resetDone.skip': 'Go on without an app',

  // What is offered once, after everything that was needed.
  'proof.again': 'Your second step was more than five minutes ago. What comes next takes it once more.',
  'offer.skip': 'Not now',
  'offer.done': 'You are signed in. Before you go on to the service:',
  'offerApp.title': 'Would you like to use an app too?',
  'offerApp.lead':
    'With an authenticator app you need not wait for a mail. Your mail address stays as it is. We ask this once; you find it on your page later.',
  'offerMail.title': 'Would you like to register a mail address?',
  'offerMail.lead':
    'With the app only you cannot reset your settings yourself when your device breaks. With a mail address you can.',
  'confirmAddress.title': 'Do you still read this mail address?',
  'confirmAddress.lead':
    'Codes and important notices go to it. Mails to it may have come back, or it may end with your studies or employment.',
  'confirmAddress.yes': 'Yes, I still read it',
  'confirmAddress.later': 'Ask me another time',
  'confirmAddress.change':
    'If not: go on with “{later}”, then open your page {url} and register another address while you can still sign in.',
  'codesLow.title': {
    by: 'left',
    one: '1 recovery code is left',
    other: '{left} recovery codes are left',
  },
  'codesLow.lead': 'Go on to the service now. Then make a new sheet soon, on your page:',
  'codesLow.hint': 'A new sheet has ten codes. The old one then no longer works.',
  'codesLow.continue': 'Continue to the service',
} as const satisfies Readonly<Record<string, Message>>;

const ja: Readonly<Record<keyof typeof en, Message>> = {
  // アプリを使えないとき
  'appCode.lost': 'アプリを使えません',
  'appCode.lostHint': '設定をリセットできます。できないときは、相談先をご案内します。',

  // ブラウザーを信頼する
  'trust.label': 'このブラウザーでは{days}日間、二つ目の確認を省略する',
  'trust.hint': '自分だけが使う機器で選んでください。ご自分のページで、いつでもやめられます。',

  // 印刷したリカバリーコード
  'recoveryCode.title': 'リカバリーコードを入力してください',
  'recoveryCode.lead': 'リカバリーコードの用紙を出して、まだ使っていないコードを1つ入力してください。',
  'recoveryCode.sheet': '用紙の番号',
  'recoveryCode.label': 'リカバリーコード',
  'recoveryCode.hint': '英字と数字、合わせて13文字です。大文字と小文字、空白、ハイフンは区別しません。',
  'recoveryCode.once': 'コードは1回だけ使えます。使ったあとは、用紙に線を引いて消してください。',
  'recoveryCode.trouble': '用紙がないときは',
  'recoveryCode.trouble.ways': 'このページで、別の方法を選んでください。',
  'recoveryCode.trouble.ask': '解決しないときは、{centre}（{hours}）にお問い合わせください。',

  // メールでリセット
  'reset.title': '二つ目の確認をリセット',
  'reset.lead':
    'アプリをもう使えないときの手続きです。登録したメールアドレスに、8桁の確認コードを送りました。',
  'reset.leadUnsent':
    'アプリをもう使えないときの手続きです。まず、登録したメールアドレスに確認コードを送ってください。',
  'reset.once': '今日だけアプリを使えないときは、下の別の方法を選んでください。設定は何も変わりません。',
  'reset.what': 'リセットすると',
  'reset.what.removes': 'アプリ、パスキー、リカバリーコードの設定がなくなり、ブラウザーの信頼も終わります',
  'reset.what.ends': 'ほかの場所では、すべてログアウトします',
  'reset.what.keeps': 'メールアドレスはそのまま残ります。1日のあいだ変更できません',
  'reset.reason': 'アプリを使えない理由',
  'reset.reason.not-transferred': '新しいスマートフォンやパソコンに、データを移せなかった',
  'reset.reason.device-failure': '機器が故障した、またはなくした',
  'reset.reason.other': 'そのほかの理由',
  'reset.password': 'パスワード',
  'reset.passwordHint': '先にログインしていたので、ここで確認します。',
  'reset.submit': 'リセットして次へ',
  'reset.ways': 'リセットせずにログインする',
  'resetDone.title': 'リセットしました。アプリを設定してください',
  'resetDone.lead':
    'アプリ、パスキー、リカバリーコードの設定をなくし、ほかの場所ではログアウトしました。メールアドレスは残っています。お知らせのメールを送りました。',
  'resetDone.now': '今アプリを設定すると、次からメールを待たずにログインできます。',
  'resetDone.needed':
    'このサービスは、メールの確認コードだけでは使えません。次へ進むには、アプリを設定してください。',
  'resetDone.skip': 'アプリを設定せずに進む',

  // ログインのあと、一度だけのご案内
  'proof.again': '二段階目の確認から5分以上たっています。この先の設定に進むには、もう一度確認してください。',
  'offer.skip': '今はしない',
  'offer.done': 'ログインできました。サービスに進む前に、ご案内です。',
  'offerApp.title': 'アプリも使いますか',
  'offerApp.lead':
    '認証アプリを使うと、メールを待たずにログインできます。メールアドレスの設定はそのままです。このご案内は一度だけです。あとから、ご自分のページでも設定できます。',
  'offerMail.title': 'メールアドレスを登録しますか',
  'offerMail.lead':
    'アプリだけの設定では、機器が故障したときに自分でリセットできません。メールアドレスを登録すると、リセットできます。',
  'confirmAddress.title': 'このメールアドレスを、今も使っていますか',
  'confirmAddress.lead':
    '確認コードや大切なお知らせを、このアドレスに送ります。メールが届かなかったか、卒業や退職で使えなくなる可能性があります。',
  'confirmAddress.yes': 'はい、今も使っています',
  'confirmAddress.later': '今は答えない',
  'confirmAddress.change':
    '使っていないときは、「{later}」で進んでから、ご自分のページ {url} で別のアドレスを登録してください。今の方法でログインできるうちにお願いします。',
  'codesLow.title': '残りのリカバリーコードは{left}個です',
  'codesLow.lead':
    'まず、サービスに進んでください。そのあと早めに、ご自分のページで新しい用紙を作ってください。',
  'codesLow.hint': '新しい用紙には10個のコードがあります。新しく作ると、前の用紙は使えなくなります。',
  'codesLow.continue': 'サービスに進む',
};

export const secondFactor = { en, ja };
