import { calendar } from './catalogues/calendar.ts';
import { desk } from './catalogues/desk.ts';
import { deskErrors } from './catalogues/desk-errors.ts';
import { figures } from './catalogues/figures.ts';
import { setUpPass } from './catalogues/set-up-pass.ts';
import { staff } from './catalogues/staff.ts';
import { support } from './catalogues/support.ts';
import { trail } from './catalogues/trail.ts';
import { notices } from './catalogues/notices.ts';
import { passkeys } from './catalogues/passkeys.ts';
import { portal } from './catalogues/portal.ts';
import { secondFactor } from './catalogues/second-factor.ts';
import type { Catalogue } from './en.ts';

/** Japanese, in plain words (やさしい日本語). The keys are those of `en`. */
export const ja: Catalogue = {
  ...secondFactor.ja,
  ...portal.ja,
  ...notices.ja,
  ...passkeys.ja,
  ...calendar.ja,
  ...support.ja,
  ...setUpPass.ja,
  ...staff.ja,
  ...desk.ja,
  ...figures.ja,
  ...trail.ja,
  ...deskErrors.ja,
  // どのページにもあることば
  'common.pageTitle': '{page} – {organisation}',
  'common.pageTitleFault': 'エラー：{page} – {organisation}',
  'common.sentenceGap': '',
  'common.continue': '次へ進む',
  'common.cancel': 'やめる',
  'common.cancelService': 'やめて「{service}」に戻る',
  'common.service': 'サービス',
  'common.account': 'あなたのID',
  'common.optional': '（任意）',
  'common.language': '言語',
  'common.inquiry': 'ヘルプ・お問い合わせ',
  'common.autoContinue': '{digits}桁を入力すると、自動で次へ進みます。',

  // ページの上のお知らせ
  'notice.step-changed': 'ログインは先へ進んでいます。ここが今のページです。ここから続けてください。',
  'notice.code-sent-again': 'メールをもう一度送りました。確認コードと使える時間は、前のメールと同じです。',
  'notice.already-signed-in': 'もうログインしています。前のページですることはありません。',

  // 二つ目の確認の方法
  'ways.mail': 'メールで確認コードを受け取る',
  'ways.app': '認証アプリを使う',
  'ways.recovery-code': 'リカバリーコードを使う',
  'ways.passkey': 'パスキーを使う',
  'ways.other': 'ほかの方法',

  // ログイン
  'signIn.title': 'ログイン',
  'signIn.password': 'パスワード',
  'signIn.submit': 'ログイン',
  'signIn.again':
    '二段階目の設定を行うには、もう一度パスワードを入力してください。前回の入力から時間がたっているか、別のログインで入力されたためです。',
  'signIn.choose':
    'このブラウザーでは {loginId} としてログインしています。使いたいアカウントでログインしてください。別のアカウントでログインすると、{loginId} はここではログアウトされます。',
  'signIn.forgotten': 'IDやパスワードを忘れたとき',

  // メールの確認コード
  'mailCode.title': 'メールの確認コードを入力してください',
  'mailCode.lead': '8桁の確認コードをメールで送ります。メールの件名に、下の照合番号が入っています。',
  'mailCode.titleUnsent': '確認コードをメールで受け取ってください',
  'mailCode.leadUnsent': 'このログインの確認コードは、まだ送っていません。次のアドレスに送れます。',
  'mailCode.leadExpired': '前の確認コードは、もう使えません。次のアドレスに、新しい確認コードを送れます。',
  'mailCode.address': '送り先',
  'mailCode.reference': '照合番号',
  'mailCode.label': '8桁の確認コード',
  'mailCode.valid': '確認コードは、あと{minutes}分使えます。',
  'mailCode.delivery': 'メールの状態',
  'mailCode.delivery.sending': '今、メールを送っています。ふつうは1分以内に届きます。',
  'mailCode.delivery.handed-over': 'メールを送りました。メールサーバーが受け取りました。',
  'mailCode.delivery.handed-over.domain':
    '{domain} あてのメールを送りました。メールサーバーが受け取りました。',
  'mailCode.delivery.retrying':
    'こちら側の都合でメールの送信が遅れています。アドレスの問題ではありません。くり返し送っていますので、数分お待ちください。',
  'mailCode.delivery.retrying.domain':
    'こちら側の都合で {domain} あてのメールの送信が遅れています。アドレスの問題ではありません。くり返し送っていますので、数分お待ちください。',
  'mailCode.delivery.deferred':
    'メールボックスが、今はメールを受け取れません（いっぱいかもしれません）。くり返し送っていますので、数分お待ちください。',
  'mailCode.delivery.deferred.domain':
    '{domain} のメールボックスが、今はメールを受け取れません（いっぱいかもしれません）。くり返し送っていますので、数分お待ちください。',
  'mailCode.delivery.refused':
    'メールを送れませんでした。メールボックスがいっぱいか、アドレスがないかもしれません。',
  'mailCode.delivery.refused.domain':
    '{domain} あてのメールを送れませんでした。メールボックスがいっぱいか、アドレスがないかもしれません。',
  'mailCode.resend': 'メールをもう一度送る',
  'mailCode.resendNew': '新しい確認コードを送る',
  'mailCode.resendIn': 'あと{seconds}秒で、もう一度送れます。',
  'mailCode.resendNow': 'もう一度送れるようになりました。',
  'mailCode.trouble': 'メールが届かないとき',
  'mailCode.trouble.spam': '迷惑メールのフォルダーを確認してください。',
  'mailCode.trouble.filter':
    '携帯電話会社のメールは、パソコンからのメールを受け取らないことがあります。{sender} からのメールを受け取るように設定してください。',
  'mailCode.trouble.filterPlain':
    '携帯電話会社のメールは、パソコンからのメールを受け取らないことがあります。{organisation}からのメールを受け取るように設定してください。',
  'mailCode.trouble.wait': '数分待ってから、メールをもう一度送ってください。',
  'mailCode.trouble.ways': 'このページで、ほかの方法を選べます。',
  'mailCode.trouble.address': 'アドレスにまちがいがないか確認し、まちがいがあれば変えてください。',
  'mailCode.trouble.ask':
    'それでも届かないときは、照合番号を添えて、{centre}（{hours}）にお問い合わせください。',

  // アプリの確認コード
  'appCode.title': 'アプリの確認コードを入力してください',
  'appCode.lead': 'このIDのために設定した認証アプリを開いてください。',
  'appCode.label': '6桁の確認コード',
  'appCode.hint': 'アプリの確認コードは、30秒ごとに変わります。',
  'appCode.trouble': 'アプリが使えないとき',
  'appCode.trouble.ways': 'このページで、ほかの方法を選べます。設定は変わりません。',
  'appCode.trouble.clock':
    '正しく入力してもまちがいになるときは、スマートフォンやパソコンの時刻を自動で合わせる設定にしてください。',
  'appCode.trouble.ask': 'それでも使えないときは、{centre}（{hours}）にお問い合わせください。',

  // メールでの初期設定
  'setUp.step': '初期設定　{steps}つのうち{step}つ目',
  'setUpMail.title': '確認コードを受け取るメールアドレス',
  'setUpMail.lead':
    'このサービスでは、パスワードのあとにもう一つの確認（多要素認証）をします。パスワードを知られても、ほかの人があなたのIDを使えないようにするためです。この設定は、最初の1回だけです。',
  'setUpMail.how': '8桁の確認コードをメールで送ります。次のページで入力すると、そのままサービスに進みます。',
  'setUpMail.email': 'メールアドレス',
  'setUpMail.useLater': 'このアドレスは、設定の変更やリセットのときにも使います。',
  'setUpMail.submit': '確認コードを送る',
  'setUpMail.noMail': '使えるメールアドレスがありません',
  'setUpMailCode.title': 'メールの確認コードを入力してください',
  'setUpMailCode.change': 'アドレスを変える',
  'addressRule.forbidden': '{domains}のアドレスは登録できません。',
  'addressRule.labelled': '@{domain}（{label}）',
  'addressRule.subdomains': '{domain}とそのサブドメイン',
  'addressRule.why': '同じパスワードで開けるメールなので、パスワードを知られたときに、あなたを守れません。',
  'addressRule.one': '登録できるアドレスは一つだけです。',

  // メールを使わない初期設定
  'setUpAppOnly.title': 'アプリだけで設定する',
  'setUpAppOnly.lead':
    'メールアドレスがなくても、認証アプリだけで設定できます。先に、次のことを読んでください。',
  'setUpAppOnly.noReset':
    'メールアドレスがないと、「リセット」を自分ではできません。たとえば、スマートフォンが壊れたときや、新しい機種にアプリを移せなかったときです。',
  'setUpAppOnly.desk':
    'リセットの一部は、{centre}が代わりに行います。連絡をして、本人であることを証明する必要があります。',
  'setUpAppOnly.hours': '対応できるのは、受付時間内だけです：{hours}',
  'setUpAppOnly.later': 'メールアドレスが使えるようになったら、登録してください。',
  'setUpAppOnly.acknowledge':
    'メールアドレスがないと自分ではリセットできず、{centre}に連絡して本人であることを証明する必要があることを、理解しました。',
  'setUpAppOnly.submit': 'アプリだけの設定に進む',
  'setUpAppOnly.useMail': 'やはりメールアドレスを使う',
  'setUpApp.title': '認証アプリを登録する',
  'setUpApp.lead':
    '6桁の確認コードを表示する認証アプリなら、どれでも使えます。スマートフォンのアプリでも、パソコンのブラウザーに入れるアプリでもかまいません。',
  'setUpApp.step1': 'アプリにキーを登録する',
  'setUpApp.scan': 'スマートフォンのアプリのとき：アプリで、このQRコードを読み取ってください。',
  'setUpApp.qr': '認証アプリに登録するキーのQRコード',
  'setUpApp.type': '読み取れないとき：このキーを、アプリに貼り付けるか入力してください。',
  'setUpApp.key': 'キー',
  'setUpApp.copy': 'キーをコピー',
  'setUpApp.copied': 'コピーしました',
  'setUpApp.open': 'この端末のアプリで開く',
  'setUpApp.secret':
    'QRコードとキーは、だれにも見せないでください。設定が終わると、もう一度表示することはできません。',
  'setUpApp.step2': 'アプリに表示された確認コードを入力する',
  'device.unknown': '不明な端末',
  'device.both': '{system} の {browser}',
  'setUpApp.deviceDefault': '認証アプリ',
  'setUpApp.device': '端末の名前',
  'setUpApp.deviceHint': '端末がいくつもあるとき、あとで見分けられます。',
  'setUpApp.submit': '設定を完了する',

  // 情報の提供
  'consent.title': 'あなたの情報を「{service}」に伝えてもよいですか',
  'consent.titlePlain': 'あなたの情報をサービスに伝えてもよいですか',
  'consent.scopes': 'サービスが求めていること：',
  'consent.claims': 'サービスに伝える情報：',
  'consent.allow': 'はい、伝えます',
  'consent.deny': 'いいえ、伝えません',
  'consent.hint': '「いいえ」を選ぶと、ログインしないでサービスに戻ります。',
  'scopes.openid': 'ログインしたのがあなたであることを知る',
  'scopes.profile': 'あなたのプロフィールを見る',
  'scopes.email': 'あなたのメールアドレスを見る',
  'scopes.address': 'あなたの住所を見る',
  'scopes.phone': 'あなたの電話番号を見る',
  'scopes.offline_access': 'あなたがいない間も使い続ける',
  'scopes.eduperson': '大学での身分を見る',
  'claims.sub': 'このサービスでのあなたの識別子',
  'claims.name': '名前',
  'claims.given_name': '名',
  'claims.family_name': '姓',
  'claims.preferred_username': '大学のID',
  'claims.email': 'メールアドレス',
  'claims.email_verified': 'メールアドレスを確かめたかどうか',
  'claims.locale': '言語',
  'claims.eduperson_affiliation': '大学での身分',
  'claims.eduperson_scoped_affiliation': '大学名と、大学での身分',
  'claims.eduperson_principal_name': '大学でのあなたの識別子',
  'claims.eduperson_entitlement': '利用の資格',
  'claims.schac_home_organization': '所属する大学',

  // ひとりでに次へ進むページ
  'continue.title': '{service}へ進みます',
  'continue.titlePlain': '次へ進みます',
  'continue.lead': '自動的に次へ進みます。進まないときは、ボタンを押してください。',
  'continue.button': '次へ進む',

  // ログアウト
  'signOut.title': 'ログアウトしますか',
  'signOut.lead':
    'ログアウトすると、このブラウザーでのログインが終わります。ほかのサービスを使うときにも、もう一度ログインが必要になります。',
  'signOut.everywhere': 'このブラウザーでログアウトする',
  'signOut.stay': 'このサービスだけログアウトする',
  'signOut.trouble.service': '移動元のサービスは、もうここに登録されていません。',
  'signOut.trouble.hint': 'サービスから届いた内容を確かめられませんでした。',
  'signOut.trouble.return': 'ログアウトのあとにサービスが指定した移動先は、登録されていません。',
  'signOut.trouble.stay': 'ログアウトはできます。終わったあとは、このページにとどまります。',
  'signedOut.title': 'ログアウトしました',
  'signedOut.lead': 'このブラウザーでのログインは終わりました。',
  'signedOut.shared': 'ほかの人も使うパソコンでは、ブラウザーのウィンドウをすべて閉じてください。',

  // 入口のページ
  'home.title': '{organisation}のログイン',
  'home.lead': '{organisation}のサービスにログインするところです。',
  'home.how':
    'このページからは始められません。使いたいサービスを開いてください。ログインが必要なときに、ここへ移動します。',

  // エラーのページ
  'error.askTitle': '困ったときは',
  'error.ask': 'うまくいかないときは、このお問い合わせ番号を添えて、{centre}（{hours}）にご連絡ください。',
  'error.reference': 'お問い合わせ番号',
  'error.code': 'エラー',
  'error.startAgain': '「{service}」からやり直す',
  'error.tryAgain': 'もう一度試す',
  'error.inquiry': 'お問い合わせフォームを開く',
  'error.protocol': 'サービスの担当者の方へ',
  'fault.prefix': 'エラー：',
  'fault.ask': '困ったときは{centre}へ',

  // 何が起きたか（title）と、今どうすればよいか（message）
  'errors.wrong_credentials.title': 'IDかパスワードが正しくありません',
  'errors.wrong_credentials.message':
    'もう一度、両方を入力してください。パスワードの大文字と小文字にも気をつけてください。',
  'errors.credentials_missing.title': 'IDかパスワードが入力されていません',
  'errors.credentials_missing.message': '両方を入力してください。',
  'errors.too_many_password_attempts.title': 'ログインに失敗した回数が多すぎます',
  'errors.too_many_password_attempts.message':
    'アカウントを守るため、しばらくログインできません。あとでもう一度お試しください。',
  'errors.too_many_password_attempts.detailed':
    'アカウントを守るため、しばらくログインできません。{minutes}分たってから、もう一度お試しください。',
  'errors.hashing_busy.title': '今、とても多くの人がログインしています',
  'errors.hashing_busy.message': 'パスワードはまだ確かめていません。数秒待ってから、もう一度お試しください。',
  'errors.code_missing.title': '確認コードが入力されていません',
  'errors.code_missing.message': '確認コードを入力してください。',
  'errors.code_malformed.title': '確認コードの形式が正しくありません',
  'errors.code_malformed.message':
    '確認コードは数字だけです。メールは8桁、アプリは6桁です。もう一度入力してください。',
  'errors.code_malformed.detailed': '確認コードは{digits}桁の数字だけです。もう一度入力してください。',
  'errors.code_wrong.title': '確認コードが正しくありません',
  'errors.code_wrong.message':
    'いちばん新しい確認コードを、もう一度入力してください。メールのときは、照合番号がこのページと同じか確認してください。アプリのときは、端末の時計が合っているか確認してください。',
  'errors.code_expired.title': 'この確認コードはもう使えません',
  'errors.code_expired.message': '新しい確認コードを送り、それを入力してください。',
  'errors.code_used.title': 'この確認コードは、もう使われました',
  'errors.code_used.message':
    '確認コードは1回だけ使えます。アプリのときは次の確認コードを待ち、メールのときは新しい確認コードを送ってください。',
  'errors.code_attempts_exhausted.title': 'まちがいの回数が多すぎます',
  'errors.code_attempts_exhausted.message':
    'この確認コードはもう使えません。新しい確認コードを送り、それを入力してください。',
  'errors.factor_paused.title': '確認コードのまちがいが多いため、二つ目の確認をしばらく止めています',
  'errors.factor_paused.message': 'アカウントがロックされたのではありません。あとでもう一度お試しください。',
  'errors.factor_paused.detailed':
    'アカウントがロックされたのではありません。{minutes}分たってから、もう一度お試しください。',
  'errors.factor_disabled.title': 'この方法は、ここでは使えません',
  'errors.factor_disabled.message':
    'ほかの方法を選んでください。ほかにないときは、サポートの窓口にお問い合わせください。',
  'errors.factor_missing.title': '二つ目の確認の設定を、やり直す必要があります',
  'errors.factor_missing.message':
    '前に設定した確認方法が、今は使えません。削除されたか、まちがったコードが続いて止まっています。安全のため、パスワードだけでは設定できません。サポートの窓口に連絡してください。本人確認のあとで、もう一度設定できます。',
  'errors.resend_too_soon.title': 'メールは少し前に送ったところです',
  'errors.resend_too_soon.message':
    '少し待ってから、もう一度送ってください。迷惑メールのフォルダーも見てください。',
  'errors.resend_too_soon.detailed':
    '{seconds}秒待ってから、もう一度送ってください。迷惑メールのフォルダーも見てください。',
  'errors.mail_limit_reached.title': '今は、これ以上メールを送れません',
  'errors.mail_limit_reached.message': '短い間に多くのメールを送りました。あとでもう一度お試しください。',
  'errors.mail_limit_reached.detailed':
    '短い間に多くのメールを送りました。{minutes}分たってから、もう一度お試しください。',
  'errors.mail_refused.title': 'メールを届けられませんでした',
  'errors.mail_refused.message':
    'メールボックスがいっぱいか、アドレスがないかもしれません。アドレスを見直すか、ほかの方法を選んでください。',
  'errors.address_missing.title': 'メールアドレスが入力されていません',
  'errors.address_missing.message': '確認コードを受け取るアドレスを入力してください。',
  'errors.address_malformed.title': 'メールアドレスの形式が正しくありません',
  'errors.address_malformed.message':
    'name@example.com のように、アドレスを全部入力してください。ほかの文字は入れないでください。',
  'errors.address_forbidden.title': 'このアドレスは登録できません',
  'errors.address_forbidden.message': 'ほかのメールサービスのアドレスを入力してください。',
  'errors.address_forbidden.detailed':
    '{domain} ではない、ほかのメールサービスのアドレスを入力してください。',
  'errors.acknowledgement_missing.title': 'チェックが入っていません',
  'errors.acknowledgement_missing.message': '説明を読んで、よければチェックを入れてください。',
  'errors.fresh_sign_in_needed.title': 'もう一度ログインしてください',
  'errors.fresh_sign_in_needed.message':
    '変更するには、数分以内の二段階のログインが必要です。何も変わっていません。',
  'errors.change_expired.title': '変更を始めてから時間がたちすぎました',
  'errors.change_expired.message': '何も変わっていません。ご自分のページから、もう一度始めてください。',
  'errors.changes_frozen.title': '今は変更できません',
  'errors.changes_frozen.message':
    'このIDについて「自分ではない」という届け出があったため、1日のあいだ二段階の設定は変更できません。お急ぎのときは、サポート窓口にご相談ください。',
  'errors.address_frozen.title': 'メールアドレスは、まだ変更できません',
  'errors.address_frozen.message':
    'リセットのあと1日のあいだ、メールアドレスは変更できません。お急ぎのときは、サポート窓口にご相談ください。',
  'errors.address_unchanged.title': '今のメールアドレスと同じです',
  'errors.address_unchanged.message':
    '別のアドレスを入力するか、前のページに戻ってください。何も変わっていません。',
  'errors.last_way.title': 'ログインする方法が、これしかありません',
  'errors.last_way.message': '先に別の方法を設定してください。そのあとで削除できます。何も変わっていません。',
  'errors.factor_unknown.title': 'この設定は、もうありません',
  'errors.factor_unknown.message': '先に削除されています。今の設定をこのページに表示しています。',
  'errors.reason_missing.title': '理由を選んでください',
  'errors.reason_missing.message': 'あてはまるものを一つ選んでください。',
  'errors.password_missing.title': 'パスワードが入力されていません',
  'errors.password_missing.message': 'このIDのパスワードを入力してください。',
  'errors.password_wrong.title': 'パスワードが正しくありません',
  'errors.password_wrong.message':
    'このIDのパスワードを、もう一度入力してください。大文字と小文字を確かめてください。何も変わっていません。',
  'errors.passkey_refused.title': 'パスキーを確認できませんでした',
  'errors.passkey_refused.message':
    'もう一度試すか、別の方法を選んでください。パスキーは、設定したIDでだけ使えます。',
  'errors.passkey_unsupported.title': 'このブラウザーでは、パスキーを使えません',
  'errors.passkey_unsupported.message': '別の方法を選ぶか、別のブラウザーや機器を使ってください。',
  'errors.recovery_code_malformed.title': 'リカバリーコードを確かめてください',
  'errors.recovery_code_malformed.message':
    'リカバリーコードは、用紙に書かれている英字と数字、合わせて13文字です。',
  'errors.recovery_code_wrong.title': 'このリカバリーコードは使えません',
  'errors.recovery_code_wrong.message':
    'コードは1回だけ使えます。使えるのは、いちばん新しい用紙のコードだけです。用紙の番号を確かめて、別のコードを試してください。',
  'errors.notice_link_invalid.title': 'このリンクは正しくありません',
  'errors.notice_link_invalid.message':
    'リンクが途中で切れているかもしれません。メールのアドレスを全部コピーしてください。何も変わっていません。',
  'errors.notice_link_expired.title': 'このリンクは古すぎます',
  'errors.notice_link_expired.message':
    'メールのリンクは7日間使えます。ほかの人があなたのIDを使っているときは、サポート窓口に知らせてください。何も変わっていません。',
  'errors.device_name_too_long.title': '端末の名前が長すぎます',
  'errors.device_name_too_long.message': 'もっと短い名前にしてください。',
  'errors.device_name_too_long.detailed': '{max}文字までの名前にしてください。',
  'errors.device_limit_reached.title': 'これ以上、端末を加えられません',
  'errors.device_limit_reached.message': 'もう使わない端末を消してから、この端末を加えてください。',
  'errors.device_limit_reached.detailed':
    '端末は{max}台までです。もう使わない端末を消してから、この端末を加えてください。',
  'errors.interaction_expired.title': 'ログインの有効期限が切れました',
  'errors.interaction_expired.message':
    '長い間そのままになっていたか、ブックマークや前のページから開いたためです。サービスから、もう一度始めてください。すぐにこのページになるときは、ブラウザーでCookieを使えるようにしてください。',
  'errors.interaction_foreign.title': 'これは、別のログインのページです',
  'errors.interaction_foreign.message':
    '別のブラウザーやウィンドウで始めたか、ブラウザーがCookieを使わない設定です。このウィンドウで、サービスからもう一度始めてください。',
  'errors.interaction_finished.title': 'このログインは、もう終わっています',
  'errors.interaction_finished.message':
    '終わったページに戻っています。サービスを開いてください。ログインしていないときは、そこからもう一度始めてください。',
  'errors.step_out_of_order.title': 'これは、今のページではありません',
  'errors.step_out_of_order.message':
    '別のタブや「戻る」ボタンで、ログインが先へ進んでいます。今のページから続けてください。',
  'errors.form_token_invalid.title': '入力を受け付けられませんでした',
  'errors.form_token_invalid.message':
    '長い間そのままになっていたか、いくつものタブで開いたためです。何も変わっていません。ページを読み込み直して、もう一度送ってください。',
  'errors.cross_site_request.title': '別のウェブサイトから送られました',
  'errors.cross_site_request.message':
    '安全のため、受け付けませんでした。何も変わっていません。サービスから、もう一度始めてください。',
  'errors.action_unknown.title': 'このページでは、その操作はできません',
  'errors.action_unknown.message': '前のページに戻り、ページにあるボタンを使ってください。',
  'errors.bad_request.title': '送られた内容がわかりませんでした',
  'errors.bad_request.message': '前のページに戻り、もう一度お試しください。',
  'errors.not_found.title': 'このページはありません',
  'errors.not_found.message':
    'アドレスがまちがっているか、古いかもしれません。使いたいサービスを開いてください。',
  'errors.method_not_allowed.title': 'このページは、その方法では使えません',
  'errors.method_not_allowed.message': '使いたいサービスを開いてください。',
  'errors.unsupported_media_type.title': '入力が、わからない形で送られました',
  'errors.unsupported_media_type.message': 'ページを読み込み直して、もう一度送ってください。',
  'errors.request_too_large.title': '一度に送られた内容が多すぎます',
  'errors.request_too_large.message': '前のページに戻り、入力を短くしてください。',
  'errors.url_too_long.title': 'アドレスが長すぎます',
  'errors.url_too_long.message':
    '使いたいサービスをもう一度開いてください。くり返し表示される場合は、そのサービスの担当者にお知らせください。',
  'errors.headers_too_large.title': 'ブラウザーから送られたCookieが多すぎます',
  'errors.headers_too_large.message':
    '同じ組織のほかのサイトが、ブラウザーに多くのCookieを保存しています。ブラウザーの設定で、このサイトと同じ組織のCookieを削除し、ブラウザーを閉じてから、もう一度お試しください。プライベートウィンドウでも使えます。',
  'errors.request_timeout.title': '送信に時間がかかりすぎました',
  'errors.request_timeout.message': '通信の状態を確かめ、ページを読み込み直して、もう一度お試しください。',
  'errors.host_unknown.title': 'このサーバーの名前ではありません',
  'errors.host_unknown.message':
    'アドレスを確かめてください。使いたいサービスを開けば、正しいアドレスに進みます。',
  'errors.temporarily_unavailable.title': '今、少しの間、ログインできません',
  'errors.temporarily_unavailable.message':
    'あなたのせいではありません。数分待ってから、もう一度お試しください。',
  'errors.server_busy.title': '今、とても多くの人がログインしています',
  'errors.server_busy.message':
    '途中までの手続きは失われていません。数秒待ってから、もう一度お試しください。',
  'errors.internal_error.title': 'サーバーで問題が起きました',
  'errors.internal_error.message':
    'あなたのせいではありません。問題は記録しました。数分待ってから、もう一度お試しください。',
  'errors.service_request_invalid.title': 'サービスからの依頼を受け付けられません',
  'errors.service_request_invalid.message':
    'ここで直すことはできません。サービスに戻って、もう一度お試しください。くり返すときは、サービスの担当者に伝えてください。',
  'errors.service_unknown.title': 'このサービスは、ここに登録されていません',
  'errors.service_unknown.message':
    'ここで直すことはできません。前のページが信頼できるなら、サービスの担当者に伝えてください。',

  // メール
  'mail.signInCode.subject': '【{organisation}】ログインの確認コード（{reference}）',
  'mail.signInCode.subjectWithCode': '{code} はログインの確認コードです【{organisation}】（{reference}）',
  'mail.signInCode.title': 'ログインの確認コード',
  'mail.setUpCode.subject': '【{organisation}】設定の確認コード（{reference}）',
  'mail.setUpCode.subjectWithCode': '{code} は設定の確認コードです【{organisation}】（{reference}）',
  'mail.setUpCode.title': '設定の確認コード',
  'mail.resetCode.subject': '【{organisation}】設定をリセットする確認コード（{reference}）',
  'mail.resetCode.subjectWithCode': '{code} はリセットの確認コードです【{organisation}】（{reference}）',
  'mail.resetCode.title': '設定をリセットする確認コード',
  'mail.resetCode.effect':
    'この確認コードを使うと、認証アプリ、パスキー、リカバリーコード、信頼したブラウザーの設定がなくなり、ほかの場所ではログアウトします。',
  'mail.code.lead': '照合番号 {reference} が表示されているページで、この確認コードを入力してください。',
  'mail.code.valid': '使えるのは1回だけ、{minutes}分の間です。',
  'mail.code.never': '{organisation}の職員が、この確認コードをたずねることはありません。',
  'mail.fact': '{label}：{value}',
  'mail.reference': '照合番号',
  'mail.service': 'サービス',
  'mail.at': '時刻',
  'mail.device': '端末',
  'mail.address': 'アドレス',
  'mail.deviceName': '端末の名前',
  'mail.notYou.signIn':
    '心当たりがないときは、だれかがあなたのパスワードを知っています。すぐにパスワードを変えて、{centre}に知らせてください。',
  'mail.notYou.setUp':
    '心当たりがないときは、確認コードを使わないでください。{organisation}のIDを持っている場合は、だれかがそのパスワードを知っています。すぐにパスワードを変えて、{centre}に知らせてください。',
  'mail.notYou.reset':
    'リセットを頼んでいないときは、確認コードをだれにも教えないでください。だれかがあなたのパスワードを知っています。すぐにパスワードを変えて、{centre}に知らせてください。',
  'mail.inquiry': 'お問い合わせ',
  'mail.hours': '{centre}：{hours}',
  'mail.automatic': 'このメールは自動で送っています。返信しないでください。',
};
