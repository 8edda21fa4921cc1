import type { Message } from '../message.ts';

/** Passkeys, at sign-in and on the user’s own page. */
const en = {
  'passkey.title': 'Use your passkey',
  'passkey.lead':
    'Your device asks for what unlocks it: a fingerprint, your face or a PIN. Have your security key ready if your passkey is on one.',
  'passkey.submit': 'Use the passkey',
  'passkey.trouble': 'You cannot use your passkey?',
  'passkey.trouble.ways': 'Choose another way on this page: it changes nothing in your settings.',
  'passkey.trouble.device':
    'Use a device that has the passkey, or one that is signed in to the same store of passkeys.',
  'passkey.trouble.ask': 'Otherwise ask {centre} ({hours}).',
  'passkey.alone': 'Sign in with a passkey',
  'passkey.aloneHint': 'Without ID, password and code.',
  'passkey.cancelled': 'No passkey was used. Try again, or choose another way.',
  'passkey.known': 'This device already has a passkey for your ID.',
  'passkey.failed': 'Your device could not use a passkey here. Try again, or choose another way.',
  'passkey.unsupported':
    'This browser has no passkeys. Choose another way, or use another browser or device.',
  'passkey.noScript': 'Passkeys need JavaScript. Switch it on for this page, or choose another way.',
  'check.passkeys.try': 'Try a passkey',
  'checkPasskey.title': 'Try your passkey',
  'notice.checked-passkey': 'Your passkey works.',
  'accountPasskey.title': 'Set up a passkey',
  'accountPasskey.lead':
    'A passkey takes the place of the code: you confirm with what unlocks your device. It works only on the real page, so nobody can lure it from you.',
  'accountPasskey.further':
    'It is a further way to sign in. Keep your mail address or your app: they help you when a device is lost.',
  'accountPasskey.name': 'Name of this passkey',
  'accountPasskey.nameHint': 'So that you know it again, such as “Laptop” or “Key on my key ring”.',
  'accountPasskey.submit': 'Set up the passkey',
} as const satisfies Readonly<Record<string, Message>>;

const ja: Readonly<Record<keyof typeof en, Message>> = {
  'passkey.title': 'パスキーを使ってください',
  'passkey.lead':
    '機器のロックを解除するときと同じように、指紋、顔、PINなどで確認します。セキュリティーキーのパスキーを使うときは、キーを用意してください。',
  'passkey.submit': 'パスキーを使う',
  'passkey.trouble': 'パスキーを使えないとき',
  'passkey.trouble.ways': 'このページで、別の方法を選んでください。設定は変わりません。',
  'passkey.trouble.device':
    'パスキーがある機器か、同じパスキーの保管先にログインしている機器を使ってください。',
  'passkey.trouble.ask': '解決しないときは、{centre}（{hours}）に問い合わせてください。',
  'passkey.alone': 'パスキーでログインする',
  'passkey.aloneHint': 'ID、パスワード、コードは要りません。',
  'passkey.cancelled': 'パスキーは使われませんでした。もう一度試すか、別の方法を選んでください。',
  'passkey.known': 'この機器には、あなたのIDのパスキーがすでにあります。',
  'passkey.failed': 'この機器では、パスキーを使えませんでした。もう一度試すか、別の方法を選んでください。',
  'passkey.unsupported':
    'このブラウザーには、パスキーの機能がありません。別の方法を選ぶか、別のブラウザーや機器を使ってください。',
  'passkey.noScript':
    'パスキーを使うには、JavaScriptが必要です。このページでJavaScriptを有効にするか、別の方法を選んでください。',
  'check.passkeys.try': 'パスキーを試す',
  'checkPasskey.title': 'パスキーを試してください',
  'notice.checked-passkey': 'パスキーは使えます。',
  'accountPasskey.title': 'パスキーを追加する',
  'accountPasskey.lead':
    'パスキーは、コードの代わりに使えます。機器のロックを解除するときと同じ方法で確認します。本物のページでしか使えないので、だまし取られません。',
  'accountPasskey.further':
    'パスキーは、追加の方法です。機器をなくしたときに必要なので、メールアドレスやアプリは残しておいてください。',
  'accountPasskey.name': 'このパスキーの名前',
  'accountPasskey.nameHint': '後で見分けるための名前です。例：「ノートパソコン」「鍵に付けたキー」',
  'accountPasskey.submit': 'パスキーを追加する',
};

export const passkeys = { en, ja };
