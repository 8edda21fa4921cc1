import type { Message } from '../message.ts';

/** Mails that tell of a change, and the page behind their link. */
const en = {
  // What each notice tells.
  'mail.notice.app-added.title': 'An authenticator app was added to your ID',
  'mail.notice.app-added.lead': 'You can now sign in with its codes.',
  'mail.notice.app-removed.title': 'An authenticator app was removed from your ID',
  'mail.notice.app-removed.lead': 'Its codes no longer work.',
  'mail.notice.mail-added.title': 'A mail address was added to your ID',
  'mail.notice.mail-added.lead': 'Codes for signing in now go to the address below.',
  'mail.notice.mail-changed.title': 'The mail address for your codes was changed',
  'mail.notice.mail-changed.lead':
    'Codes for signing in now go to the address below, and no longer to the earlier one.',
  'mail.notice.mail-removed.title': 'The mail address for your codes was removed',
  'mail.notice.mail-removed.lead': 'Codes for signing in are no longer sent by mail.',
  'mail.notice.recovery-codes-made.title': 'Recovery codes were made for your ID',
  'mail.notice.recovery-codes-made.lead':
    'Each of them works once. An earlier sheet of codes no longer works.',
  'mail.notice.recovery-codes-removed.title': 'The recovery codes of your ID were removed',
  'mail.notice.recovery-codes-removed.lead': 'The codes on your printed sheet no longer work.',
  'mail.notice.recovery-code-used.title': 'A recovery code of your ID was used',
  'mail.notice.recovery-code-used.lead': 'It has been used up. Strike it out on your sheet.',
  'mail.notice.passkey-added.title': 'A passkey was added to your ID',
  'mail.notice.passkey-added.lead': 'You can now sign in with it.',
  'mail.notice.passkey-removed.title': 'A passkey was removed from your ID',
  'mail.notice.passkey-removed.lead': 'It no longer works for signing in.',
  'mail.notice.reset.title': 'The second step of your ID was reset',
  'mail.notice.reset.lead':
    'Authenticator apps, passkeys, recovery codes and trusted browsers were removed, and everything else signed in with your ID was ended. Codes by mail work as before. The mail address cannot be changed for 24 hours.',
  'mail.notice.browser-trusted.title': 'A browser was marked as trusted',
  'mail.notice.browser-trusted.lead': 'For some time your ID can sign in there without the second step.',
  'mail.notice.trust-theft.title': 'A trusted browser is no longer trusted',
  'mail.notice.trust-theft.lead':
    'What it had stored was used a second time. Somebody may have copied it. The second step is asked for again there.',
  'mail.notice.new-browser.title': 'Your ID was used with a new browser',
  'mail.notice.new-browser.lead':
    'This browser had not signed in with your ID before. If it was you, there is nothing to do.',
  'mail.notice.factor-disabled.title': 'One way of your second step was switched off',
  'mail.notice.factor-disabled.lead':
    'Too many wrong codes were entered one after the other. It works again once it has been set up anew.',
  'mail.notice.not-me.title': 'Everything signed in with your ID was ended',
  'mail.notice.not-me.lead':
    'Somebody pressed “This was not me” on a page that one of our mails leads to. The second step of your ID cannot be changed for 24 hours, except with a setup pass from the support centre. If somebody else may know your password, change it now.',
  'mail.notice.case-filed.title': 'The support centre was asked to help with your ID',
  'mail.notice.case-filed.lead':
    'Somebody who knows your password asked for help with the second step. Nothing has been changed. If it was you, keep the number of the case: the support centre will ask for it.',
  'mail.notice.case-opened.title': 'The support centre opened a case for your ID',
  'mail.notice.case-opened.lead':
    'A member of staff opened it, for somebody who asked for help with the second step. Nothing has been changed.',
  'mail.notice.identity-checked.title': 'The support centre recorded an identity check for your ID',
  'mail.notice.identity-checked.lead':
    'A member of staff made sure who is asking, and wrote down how. Nothing has been changed.',
  'mail.notice.case-approved.title': 'The support centre approved a new setup for your ID',
  'mail.notice.case-approved.lead':
    'One more member of staff has to approve before a setup pass is issued. Nothing has been changed.',
  'mail.notice.pass-issued.title': 'The support centre issued a setup pass for your ID',
  'mail.notice.pass-issued.lead':
    'Whoever has the pass and knows your password can set up the second step of your ID anew, once. Until then everything stays as it is.',
  'mail.notice.pass-withdrawn.title': 'The setup pass for your ID was taken back',
  'mail.notice.pass-withdrawn.lead': 'It no longer works. Nothing has been changed.',
  'mail.notice.case-refused.title': 'The support centre closed the case of your ID',
  'mail.notice.case-refused.lead':
    'Somebody had asked for help with your ID. No setup pass was given out. Nothing has been changed.',
  'mail.notice.set-up-by-pass.title': 'The second step of your ID was set up anew',
  'mail.notice.set-up-by-pass.lead':
    'A setup pass from the support centre was used. What was set up before was removed, and everything else signed in with your ID was ended.',
  'mail.notice.roles-set.title': 'The staff roles of your ID were changed',
  'mail.notice.roles-set.lead': 'They say what you may do for others at the support centre or in operation.',
  'mail.notice.sign-in-code.title': 'A code for signing in was sent',
  'mail.notice.set-up-code.title': 'A code for a setup was sent',
  'mail.notice.reset-code.title': 'A code for resetting the settings was sent',
  'mail.notice.subject': '{organisation}: {title}',
  'mail.noticeFact.account': 'ID',
  'mail.noticeFact.passkey': 'Name of the passkey',
  'mail.noticeFact.browser': 'Browser',
  'mail.noticeFact.name': 'Way',
  'mail.noticeFact.case': 'Case',
  'mail.noticeFact.reason': 'Reason',
  'mail.noticeFact.roles': 'Roles',
  'mail.noticeWay.mail': 'Codes by mail',
  'mail.noticeWay.app': 'Codes of an authenticator app',
  'mail.noticeWay.recovery-code': 'Recovery codes',
  'mail.noticeFact.left': 'Codes left',
  'mail.noticeFact.place': 'Place',
  'notices.elsewhere': 'network address {address}',
  'mail.notYou.not-me': 'If it was not you who pressed it, tell {centre}.',
  'mail.notYou.desk':
    'If it was not you who asked for help, somebody may be pretending to be you: tell {centre} at once.',
  'mail.notYou.roles': 'If you do not know why, ask {centre}.',
  'mail.notMe.account':
    'On this page you can end everything signed in with your ID, and stop changes for 24 hours. Nothing happens before you press its button.',
  'mail.notMe.code':
    'On this page you can make the code invalid. Nothing happens before you press its button.',
  'mail.notMe.link': 'This was not me',

  // The mail to the support centre.
  'mail.notMeReport.subject': '{organisation}: “This was not me” from {loginId}',
  'mail.notMeReport.title': 'A user has said “This was not me”',
  'mail.notMeReport.lead':
    'Everything signed in with this ID was ended. Its second step cannot be changed for {hours} hours. Somebody may know the password: please get in touch with the user.',
  'mail.notMeReport.what': 'What the user had been told',
  'mail.notMeReport.toldAt': 'Told at',
  'mail.notMeReport.at': 'Said at',
  'mail.notMeReport.request': 'Request',
  'mail.notMeReport.next':
    'Once the user is known to be the owner: have the password changed, remove what is not theirs, and let changes through with “nijo accounts unfreeze {loginId}”.',

  // The page behind the link.
  'notMe.title': 'Was this not you?',
  'notMe.lead': 'We told you this by mail:',
  'notMe.at': 'Mail of',
  'notMe.leadCode':
    'Somebody entered this mail address while setting up the second step of this ID, and we sent a code to it:',
  'notMe.what': 'If you press the button:',
  'notMe.sessions': 'Everything signed in with your ID ends, here and everywhere.',
  'notMe.trust': 'No browser is trusted any more, and services lose the access you gave them.',
  'notMe.freeze': 'Your second step cannot be changed for 24 hours, except with a setup pass from {centre}.',
  'notMe.centre': '{centre} is told.',
  'notMe.code': 'The code becomes invalid. Nothing else changes.',
  'notMe.yourself': 'If it was you, just close this page. Nothing has happened yet.',
  'notMe.submit': 'This was not me',
  'notMeDone.title': 'Done: everything signed in with your ID has ended',
  'notMeDone.titleCode': 'Done: the code is no longer valid',
  'notMeDone.frozen':
    'For 24 hours after the button was pressed, your second step cannot be changed, except with a setup pass from {centre}.',
  'notMeDone.nextTitle': 'What to do now',
  'notMeDone.password': 'Change your password now. Whoever knew it can otherwise sign in again.',
  'notMeDone.passwordHelp': 'Change the password',
  'notMeDone.askTitle': 'Then ask for help',
  'notMeDone.ask': 'Tell {centre} what you saw. Opening hours: {hours}.',
  'notMeDone.inquiry': 'Write to us',
  'notMeDone.codeLead': 'There is nothing more to do. You can close this page.',
} as const satisfies Readonly<Record<string, Message>>;

const ja: Readonly<Record<keyof typeof en, Message>> = {
  'mail.notice.app-added.title': 'あなたのIDに、認証アプリを追加しました',
  'mail.notice.app-added.lead': 'このアプリの確認コードで、ログインできるようになりました。',
  'mail.notice.app-removed.title': 'あなたのIDから、認証アプリを削除しました',
  'mail.notice.app-removed.lead': 'このアプリの確認コードは、もう使えません。',
  'mail.notice.mail-added.title': 'あなたのIDに、メールアドレスを追加しました',
  'mail.notice.mail-added.lead': 'ログインの確認コードは、これから下のアドレスに届きます。',
  'mail.notice.mail-changed.title': '確認コードのメールアドレスを変更しました',
  'mail.notice.mail-changed.lead':
    'ログインの確認コードは、これから下のアドレスに届きます。前のアドレスには届きません。',
  'mail.notice.mail-removed.title': '確認コードのメールアドレスを削除しました',
  'mail.notice.mail-removed.lead': 'ログインの確認コードは、もうメールでは届きません。',
  'mail.notice.recovery-codes-made.title': 'あなたのIDのリカバリーコードを作りました',
  'mail.notice.recovery-codes-made.lead':
    '1つのコードは1回だけ使えます。前に作ったコードは、もう使えません。',
  'mail.notice.recovery-codes-removed.title': 'あなたのIDのリカバリーコードを削除しました',
  'mail.notice.recovery-codes-removed.lead': '印刷した紙のコードは、もう使えません。',
  'mail.notice.recovery-code-used.title': 'あなたのIDのリカバリーコードが使われました',
  'mail.notice.recovery-code-used.lead': '使ったコードは、もう使えません。紙に線を引いて消してください。',
  'mail.notice.passkey-added.title': 'あなたのIDに、パスキーを追加しました',
  'mail.notice.passkey-added.lead': 'このパスキーで、ログインできるようになりました。',
  'mail.notice.passkey-removed.title': 'あなたのIDから、パスキーを削除しました',
  'mail.notice.passkey-removed.lead': 'このパスキーは、もう使えません。',
  'mail.notice.reset.title': 'あなたのIDの、二つ目の確認をリセットしました',
  'mail.notice.reset.lead':
    '認証アプリ、パスキー、リカバリーコード、信頼したブラウザーを削除し、このIDのほかのログインをすべて終わらせました。メールの確認コードは、これまでどおり使えます。メールアドレスは、24時間変更できません。',
  'mail.notice.browser-trusted.title': '信頼するブラウザーを登録しました',
  'mail.notice.browser-trusted.lead':
    'このブラウザーでは、しばらくの間、二つ目の確認なしでログインできます。',
  'mail.notice.trust-theft.title': 'ブラウザーの信頼を取り消しました',
  'mail.notice.trust-theft.lead':
    'ブラウザーに保存した情報が、もう一度使われました。だれかがコピーしたかもしれません。このブラウザーでも、二つ目の確認がまた必要です。',
  'mail.notice.new-browser.title': '新しいブラウザーで、あなたのIDが使われました',
  'mail.notice.new-browser.lead':
    'このブラウザーであなたのIDが使われたのは、はじめてです。あなたがログインしたのなら、何もする必要はありません。',
  'mail.notice.factor-disabled.title': '二つ目の確認の方法を、1つ止めました',
  'mail.notice.factor-disabled.lead':
    'まちがった確認コードが、続けて何度も入力されました。設定をやり直すと、また使えます。',
  'mail.notice.not-me.title': 'あなたのIDのログインを、すべて終わらせました',
  'mail.notice.not-me.lead':
    'メールのリンクのページで、「心当たりがありません」のボタンが押されました。二つ目の確認の設定は、24時間変更できません（サポート窓口の設定パスを使うときを除きます）。ほかの人がパスワードを知っているかもしれないときは、すぐに変えてください。',
  'mail.notice.case-filed.title': 'サポート窓口に、あなたのIDの相談がありました',
  'mail.notice.case-filed.lead':
    'あなたのパスワードを知っている人が、二つ目の確認について相談しました。設定は変わっていません。あなたが相談したのなら、受付番号を控えておいてください。窓口で聞かれます。',
  'mail.notice.case-opened.title': 'サポート窓口が、あなたのIDの相談を受け付けました',
  'mail.notice.case-opened.lead':
    '二つ目の確認について相談があり、担当者が受け付けました。設定は変わっていません。',
  'mail.notice.identity-checked.title': 'サポート窓口が、本人確認を記録しました',
  'mail.notice.identity-checked.lead':
    '担当者が、相談している人が本人かどうかを確かめ、その方法を記録しました。設定は変わっていません。',
  'mail.notice.case-approved.title': 'サポート窓口が、再設定を承認しました',
  'mail.notice.case-approved.lead':
    'もう一人の担当者が承認すると、設定パスが発行されます。設定は変わっていません。',
  'mail.notice.pass-issued.title': 'サポート窓口が、設定パスを発行しました',
  'mail.notice.pass-issued.lead':
    '設定パスを持っていて、あなたのパスワードを知っている人は、二つ目の確認を1回だけ設定し直せます。それまでは、何も変わりません。',
  'mail.notice.pass-withdrawn.title': '設定パスが取り消されました',
  'mail.notice.pass-withdrawn.lead': 'この設定パスは、もう使えません。設定は変わっていません。',
  'mail.notice.case-refused.title': 'サポート窓口が、あなたのIDの受付を終わりにしました',
  'mail.notice.case-refused.lead':
    'あなたのIDについて、窓口に相談がありました。設定パスは発行していません。設定は変わっていません。',
  'mail.notice.set-up-by-pass.title': '二つ目の確認を設定し直しました',
  'mail.notice.set-up-by-pass.lead':
    'サポート窓口の設定パスが使われました。前の設定はすべて削除され、ほかのログインはすべて終わりました。',
  'mail.notice.roles-set.title': 'あなたのIDの、担当者としての役割が変わりました',
  'mail.notice.roles-set.lead': 'この役割で、サポート窓口や運用の仕事ができます。',
  'mail.notice.sign-in-code.title': 'ログインの確認コードを送りました',
  'mail.notice.set-up-code.title': '設定の確認コードを送りました',
  'mail.notice.reset-code.title': '設定をリセットする確認コードを送りました',
  'mail.notice.subject': '【{organisation}】お知らせ：{title}',
  'mail.noticeFact.account': '対象のID',
  'mail.noticeFact.passkey': 'パスキーの名前',
  'mail.noticeFact.browser': 'ブラウザー',
  'mail.noticeFact.name': '方法',
  'mail.noticeFact.case': '受付番号',
  'mail.noticeFact.reason': '理由',
  'mail.noticeFact.roles': '役割',
  'mail.noticeWay.mail': 'メールの確認コード',
  'mail.noticeWay.app': '認証アプリの確認コード',
  'mail.noticeWay.recovery-code': 'リカバリーコード',
  'mail.noticeFact.left': '残りのコードの数',
  'mail.noticeFact.place': '場所',
  'notices.elsewhere': 'ネットワークアドレス {address}',
  'mail.notYou.not-me': 'あなたが押したのではないときは、{centre}に知らせてください。',
  'mail.notYou.desk':
    'あなたが相談したのではないときは、だれかがあなたになりすましているかもしれません。すぐに{centre}に知らせてください。',
  'mail.notYou.roles': '心当たりがないときは、{centre}に聞いてください。',
  'mail.notMe.account':
    '下のページで、あなたのIDのログインをすべて終わらせて、設定の変更を24時間止めることができます。ページのボタンを押すまで、何も起こりません。',
  'mail.notMe.code':
    '下のページで、この確認コードを使えなくすることができます。ページのボタンを押すまで、何も起こりません。',
  'mail.notMe.link': '心当たりがありません',

  'mail.notMeReport.subject': '【{organisation}】{loginId} の利用者から「心当たりがありません」',
  'mail.notMeReport.title': '利用者が「心当たりがありません」と知らせました',
  'mail.notMeReport.lead':
    'このIDのログインをすべて終わらせました。二つ目の確認の設定は、{hours}時間変更できません。パスワードを知られているおそれがあります。利用者に連絡してください。',
  'mail.notMeReport.what': '利用者に知らせたこと',
  'mail.notMeReport.toldAt': '知らせた時刻',
  'mail.notMeReport.at': '返事の時刻',
  'mail.notMeReport.request': 'リクエスト番号',
  'mail.notMeReport.next':
    '本人であることを確認したら、パスワードを変えてもらい、本人のものではない設定を削除してください。そのあと「nijo accounts unfreeze {loginId}」で、変更できるように戻します。',

  'notMe.title': '心当たりがありませんか',
  'notMe.lead': 'メールでお知らせしたこと：',
  'notMe.at': 'メールの時刻',
  'notMe.leadCode':
    'だれかが、このIDの二つ目の確認を設定するときに、このメールアドレスを入力しました。そこで、確認コードを送りました。',
  'notMe.what': 'ボタンを押すと、次のことが起こります。',
  'notMe.sessions': 'あなたのIDのログインが、すべての端末で終わります。',
  'notMe.trust': '信頼したブラウザーと、サービスに与えた許可が、すべて取り消されます。',
  'notMe.freeze':
    '二つ目の確認の設定は、24時間、変更できません。{centre}の設定パスを使うときだけ、変更できます。',
  'notMe.centre': '{centre}に連絡が届きます。',
  'notMe.code': '確認コードが使えなくなります。ほかは何も変わりません。',
  'notMe.yourself': 'あなたがしたことなら、このページを閉じてください。まだ何も起こっていません。',
  'notMe.submit': '心当たりがありません',
  'notMeDone.title': 'あなたのIDのログインを、すべて終わらせました',
  'notMeDone.titleCode': '確認コードを使えなくしました',
  'notMeDone.frozen':
    '二つ目の確認の設定は、ボタンを押してから24時間、変更できません。{centre}の設定パスを使うときだけ、変更できます。',
  'notMeDone.nextTitle': '次にすること',
  'notMeDone.password':
    'すぐにパスワードを変えてください。変えないと、パスワードを知っている人が、またログインできます。',
  'notMeDone.passwordHelp': 'パスワードを変える',
  'notMeDone.askTitle': 'そのあと、相談してください',
  'notMeDone.ask': '{centre}に、見たことを知らせてください。受付時間：{hours}',
  'notMeDone.inquiry': '問い合わせる',
  'notMeDone.codeLead': 'ほかにすることはありません。このページを閉じてください。',
};

export const notices = { en, ja };
