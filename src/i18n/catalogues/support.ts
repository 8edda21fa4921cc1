import type { Message } from '../message.ts';

/** What users ask of the support centre: the form, its answer, and what to bring. */
const en = {
  // On pages that lead there.
  'help.cannotGetIn': 'I cannot get in: ask for help',
  'help.ask': 'None of this works: ask {centre}',
  'help.form': 'Ask {centre} for help',
  'help.home': 'Cannot sign in because your phone or your mailbox is gone? The support centre helps.',

  // In a login, after the password.
  'helpSupport.title': 'Ask the support centre for help',
  'helpSupport.lead':
    '{centre} helps when none of your ways works any more. There somebody makes sure who you are, and then lets you set up the second step anew.',
  'helpSupport.hours': 'Hours',
  'helpSupport.centre': 'Who helps',
  'helpSupport.place': 'Where',
  'helpSupport.telephone': 'Telephone',
  'helpSupport.anyTime':
    'You can send this form at any time. It changes nothing in your settings, and your sign-in waits here.',
  'helpSupport.check': 'How will you show who you are?',
  'helpSupport.check.later': 'I do not know yet',
  'helpSupport.submit': 'Ask for help',
  'helpSupport.passTitle': 'Do you have a setup pass?',
  'helpSupport.pass': 'I have a setup pass from the support centre',
  'helpSupport.inquiry': 'Other questions: open the inquiry form',
  'helpSupport.back': 'Back to the sign-in',

  // What somebody asks for.
  'support.reason': 'What has happened?',
  'support.reason.lost-device': 'My phone or computer is lost or broken',
  'support.reason.new-device': 'I have a new phone or computer, and could not move the app to it',
  'support.reason.no-mail': 'I cannot read the mail address that I registered',
  'support.reason.factor-disabled': 'My second step was switched off or removed',
  'support.reason.first-set-up': 'I have not set it up yet, and need help with it',
  'support.reason.other': 'Something else',

  // Outside a login.
  'helpRequest.title': 'Cannot get in? Ask for help',
  'helpRequest.lead':
    'If you cannot do the second step after the password, {centre} helps. Send this form at any time, day or night: you get a case number, and the next page says what to bring.',
  'helpRequest.loginIdHint': 'The ID you sign in with.',
  'helpRequest.submit': 'Ask for help',
  'helpRequest.password': 'Forgotten your ID or password? Get help with it here.',
  'helpRequest.signIn': 'Back to the sign-in',

  // The answer.
  'helpCase.title': 'Your request has been filed',
  'helpCase.number': 'Case number',
  'helpCase.keep': 'Write the number down or print this page. The support centre will ask you for it.',
  'helpCase.nextTitle': 'What happens next',
  'helpCase.next.check': '{centre} makes sure who you are, in one of the ways above.',
  'helpCase.next.pass': 'Then it gives you a setup pass: 16 digits that work once.',
  'helpCase.next.signIn':
    'Sign in with your ID and password. Where the second step is asked for, choose to ask {centre}, then “{pass}”.',
  'helpCase.next.never': 'Nobody ever asks you for your password or for a code.',
  'helpCase.bringTitle': 'What to bring',
  'helpCase.bring': 'One of these is enough.',
  'helpCase.print': 'Print this page',
  'helpCase.inquiry': 'Open the inquiry form',
} as const satisfies Record<string, Message>;

const ja: Record<keyof typeof en, Message> = {
  // 相談のページへの入り口
  'help.cannotGetIn': 'ログインできないので相談する',
  'help.ask': 'どの方法も使えないとき：{centre}に相談する',
  'help.form': '{centre}に相談する',
  'help.home': 'スマートフォンがない、メールが見られないなどで、ログインできないときは、窓口が手助けします。',

  // ログインの途中、パスワードのあと
  'helpSupport.title': '窓口に相談する',
  'helpSupport.lead':
    'どの方法も使えなくなったときは、{centre}が手助けします。窓口で本人確認をしたあと、二つ目の確認を、はじめから設定し直せます。',
  'helpSupport.hours': '受付時間',
  'helpSupport.centre': '窓口',
  'helpSupport.place': '場所',
  'helpSupport.telephone': '電話',
  'helpSupport.anyTime':
    'このフォームは、いつでも送れます。送っても、設定は何も変わりません。ログインの途中のまま、ここに戻れます。',
  'helpSupport.check': '本人確認の方法',
  'helpSupport.check.later': 'まだ決めていない',
  'helpSupport.submit': '相談を申し込む',
  'helpSupport.passTitle': '設定パスを持っているとき',
  'helpSupport.pass': '窓口の設定パスを使う',
  'helpSupport.inquiry': 'ほかの質問：問い合わせフォームを開く',
  'helpSupport.back': 'ログインに戻る',

  // 相談の理由
  'support.reason': '何がありましたか',
  'support.reason.lost-device': 'スマートフォンやパソコンをなくした、または壊れた',
  'support.reason.new-device': '新しいスマートフォンやパソコンに、アプリを移せなかった',
  'support.reason.no-mail': '登録したメールアドレスのメールが見られない',
  'support.reason.factor-disabled': '二つ目の確認が止められた、または削除された',
  'support.reason.first-set-up': 'まだ設定していないので、手助けがほしい',
  'support.reason.other': 'そのほか',

  // ログインしていない人のためのフォーム
  'helpRequest.title': 'ログインできないときの相談',
  'helpRequest.lead':
    'パスワードのあとの、二つ目の確認ができないときは、{centre}が手助けします。このフォームは、昼も夜も、いつでも送れます。送ると、受付番号と、持ち物が表示されます。',
  'helpRequest.loginIdHint': 'ログインに使うIDです。',
  'helpRequest.submit': '相談を申し込む',
  'helpRequest.password': 'IDやパスワードを忘れたときは、こちらをご覧ください。',
  'helpRequest.signIn': 'ログインに戻る',

  // 受付のあと
  'helpCase.title': '相談を受け付けました',
  'helpCase.number': '受付番号',
  'helpCase.keep': '番号を書き留めるか、このページを印刷してください。窓口で番号をお聞きします。',
  'helpCase.nextTitle': 'これからの流れ',
  'helpCase.next.check': '{centre}が、上のどれかの方法で本人確認をします。',
  'helpCase.next.pass': '設定パスを受け取ります。1回だけ使える、16桁の数字です。',
  'helpCase.next.signIn':
    'IDとパスワードでログインします。二つ目の確認のページで、{centre}に相談するボタンを押し、「{pass}」を選びます。',
  'helpCase.next.never': 'パスワードや確認コードをお聞きすることは、決してありません。',
  'helpCase.bringTitle': '必要なもの',
  'helpCase.bring': 'どれか一つで大丈夫です。',
  'helpCase.print': 'このページを印刷する',
  'helpCase.inquiry': '問い合わせフォームを開く',
};

export const support = { en, ja };
