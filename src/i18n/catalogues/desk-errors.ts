import type { Message } from '../message.ts';

/** What can go wrong with a request to the support centre, with a setup pass, and at the desk. */
const en = {
  'errors.support_limit_reached.title': 'Too many requests from this network',
  'errors.support_limit_reached.message':
    'Nothing was filed. With your password you can ask at once: sign in to a service and ask there. Otherwise please wait an hour and try again, or go to the support centre.',
  'errors.too_many_visits.title': 'Too many visits from this network',
  'errors.too_many_visits.message': 'Please wait a few seconds and try again.',
  'errors.setup_pass_missing.title': 'The setup pass is missing',
  'errors.setup_pass_missing.message': 'Please enter the 16 digits that the support centre gave you.',
  'errors.setup_pass_malformed.title': 'This does not look like a setup pass',
  'errors.setup_pass_malformed.message':
    'A setup pass has 16 digits and nothing else. Please look at each group of four again.',
  'errors.setup_pass_wrong.title': 'This setup pass is not right',
  'errors.setup_pass_wrong.message':
    'Please compare each group of four with what the support centre gave you. A pass works with one ID only.',
  'errors.setup_pass_expired.title': 'This setup pass is no longer valid',
  'errors.setup_pass_expired.message':
    'Its time is over, or it was taken back. The support centre can give you a new one.',
  'errors.setup_pass_used.title': 'This setup pass has been used',
  'errors.setup_pass_used.message':
    'A pass works once, in one browser. If it was not you who used it, tell the support centre at once.',
  'errors.staff_role_missing.title': 'This page is for staff with another role',
  'errors.staff_role_missing.message':
    'You are signed in, but your role does not include this. Whoever runs this server can give roles.',
  'errors.staff_factor_needed.title': 'Staff sign in with an app or a passkey',
  'errors.staff_factor_needed.message':
    'A code by mail is not enough here. Set up an app or a passkey on your own page, then sign in with it.',
  'errors.search_limit_reached.title': 'Too many searches',
  'errors.search_limit_reached.message':
    'Please wait a while. Searches are counted, so that nobody can go through all IDs.',
  'errors.search_limit_reached.detailed':
    'Please wait {minutes} minutes. Searches are counted, so that nobody can go through all IDs.',
  'errors.login_id_missing.title': 'The ID is missing',
  'errors.login_id_missing.message': 'Please enter the whole ID.',
  'errors.account_unknown.title': 'Nobody has exactly this ID',
  'errors.account_unknown.message':
    'Please check every character. Parts of an ID and names are not searched.',
  'errors.account_disabled.title': 'This ID is locked',
  'errors.account_disabled.message':
    'Nothing was approved: a setup pass would open nothing. Whoever runs this server can unlock the ID.',
  'errors.case_unknown.title': 'There is no such case',
  'errors.case_unknown.message': 'Please look for it in the queue.',
  'errors.case_changed.title': 'Something changed meanwhile',
  'errors.case_changed.message':
    'Nothing was done. A colleague acted on this case, or you did so just before, or its user changed something. The page below is as it is now: please look again.',
  'errors.case_closed.title': 'This case is closed',
  'errors.case_closed.message': 'Nothing was done. If help is still needed, open a new case.',
  'errors.case_without_account.title': 'Nobody has the ID of this case',
  'errors.case_without_account.message':
    'There is nothing to set up. Refuse the case, and search for the right ID.',
  'errors.check_missing.title': 'The identity check is missing',
  'errors.check_missing.message':
    'Please choose how you made sure who it is, and record it. A record is good for 24 hours.',
  'errors.note_missing.title': 'The note is missing',
  'errors.note_missing.message': 'Please say in a few words why.',
  'errors.note_too_long.title': 'The note is too long',
  'errors.note_too_long.message': 'Please shorten it.',
  'errors.note_too_long.detailed': 'At most {max} characters, please.',
  'errors.note_holds_number.title': 'The note holds a number that must not be kept',
  'errors.note_holds_number.message':
    'Nothing was recorded. Numbers of cards and documents, telephone numbers, codes and mail addresses are not kept here: write what kind of document it was.',
  'errors.desk_closed.title': 'The support centre is closed now',
  'errors.desk_closed.message':
    'Nothing was approved. Outside hours two people approve together, and the case is flagged: tick the box for it if this cannot wait.',
  'errors.desk_own_case.title': 'This is your own case',
  'errors.desk_own_case.message': 'Nobody acts on their own ID. Please ask a colleague.',
  'errors.desk_already_approved.title': 'You have approved this case already',
  'errors.desk_already_approved.message': 'It waits for a second person.',
  'errors.desk_second_needed.title': 'A second person has to approve',
  'errors.desk_second_needed.message':
    'No setup pass was issued. It is issued when a colleague has approved too.',
  'errors.day_malformed.title': 'This is not a day of the calendar',
  'errors.day_malformed.message':
    'Please write it as year-month-day, such as 2027-01-04, from today on. A last day comes after the first, and at most 31 days go in at once.',
  'errors.day_too_soon.title': 'Opening hours of today cannot be added here',
  'errors.day_too_soon.message':
    'Nothing was changed. Outside hours two people approve, so a special opening is set at least one day ahead. Whoever runs this server can still change today.',
  'errors.day_name_missing.title': 'The name of the day is missing',
  'errors.day_name_missing.message': 'Please name it in both languages.',
  'errors.day_name_too_long.title': 'The name of the day is too long',
  'errors.day_name_too_long.message': 'Please shorten it, in both languages.',
  'errors.day_name_too_long.detailed': 'At most {max} characters in each language, please.',
  'errors.hours_malformed.title': 'These are not hours of a day',
  'errors.hours_malformed.message':
    'Please write them as hours and minutes, such as 09:00 and 17:00, the earlier first.',
  'errors.day_unknown.title': 'This day is not in the list',
  'errors.day_unknown.message': 'It may have been removed meanwhile.',
} as const satisfies Record<string, Message>;

const ja: Record<keyof typeof en, Message> = {
  'errors.support_limit_reached.title': 'このネットワークからの申し込みが多すぎます',
  'errors.support_limit_reached.message':
    '受け付けていません。パスワードが分かる場合は、サービスへのログインの途中の画面からすぐに申し込めます。分からない場合は、1時間ほど待ってからもう一度お試しください。窓口でもご相談いただけます。',
  'errors.too_many_visits.title': 'このネットワークからのアクセスが集中しています',
  'errors.too_many_visits.message': '数秒待ってから、もう一度お試しください。',
  'errors.setup_pass_missing.title': '設定パスが入力されていません',
  'errors.setup_pass_missing.message': '窓口で受け取った16桁の数字を入力してください。',
  'errors.setup_pass_malformed.title': '設定パスの形になっていません',
  'errors.setup_pass_malformed.message': '設定パスは16桁の数字だけです。4桁ずつ、もう一度ご確認ください。',
  'errors.setup_pass_wrong.title': '設定パスが違います',
  'errors.setup_pass_wrong.message':
    '窓口で受け取ったものと、4桁ずつ見比べてください。設定パスは、発行されたIDだけで使えます。',
  'errors.setup_pass_expired.title': 'この設定パスは、もう使えません',
  'errors.setup_pass_expired.message':
    '有効期限が過ぎたか、取り消されました。窓口で新しい設定パスを発行できます。',
  'errors.setup_pass_used.title': 'この設定パスは、使用済みです',
  'errors.setup_pass_used.message':
    '設定パスは、一つのブラウザーで1回だけ使えます。ご自分で使っていないときは、すぐに窓口へ連絡してください。',
  'errors.staff_role_missing.title': 'このページは、別の役割の担当者用です',
  'errors.staff_role_missing.message':
    'ログインできていますが、あなたの役割では使えません。役割は、このサーバーの管理者が設定します。',
  'errors.staff_factor_needed.title': '担当者は、アプリかパスキーでログインしてください',
  'errors.staff_factor_needed.message':
    'ここでは、メールの確認コードだけでは足りません。ご自分のページでアプリかパスキーを設定し、それでログインしてください。',
  'errors.search_limit_reached.title': '検索の回数が多すぎます',
  'errors.search_limit_reached.message':
    'しばらく待ってください。IDを次々に調べられないように、回数を数えています。',
  'errors.search_limit_reached.detailed':
    '{minutes}分ほど待ってください。IDを次々に調べられないように、回数を数えています。',
  'errors.login_id_missing.title': 'IDが入力されていません',
  'errors.login_id_missing.message': 'IDを全部入力してください。',
  'errors.account_unknown.title': 'このIDの人はいません',
  'errors.account_unknown.message': '一文字ずつご確認ください。IDの一部や名前では検索できません。',
  'errors.account_disabled.title': 'このIDは使えないようになっています',
  'errors.account_disabled.message':
    '承認していません。設定パスを発行しても、このIDではログインできません。IDの停止は、このサーバーの管理者が解除できます。',
  'errors.case_unknown.title': 'この受付はありません',
  'errors.case_unknown.message': '受付の一覧から探してください。',
  'errors.case_changed.title': 'その間に変更がありました',
  'errors.case_changed.message':
    '何も実行していません。ほかの担当者が処理したか、あなたが少し前に処理したか、利用者が設定を変えました。下に今の内容を表示しています。もう一度ご確認ください。',
  'errors.case_closed.title': 'この受付は終わっています',
  'errors.case_closed.message': '何も実行していません。まだ手助けが必要なときは、新しく受け付けてください。',
  'errors.case_without_account.title': 'この受付のIDの人はいません',
  'errors.case_without_account.message':
    '設定するものがありません。この受付を断り、正しいIDで検索してください。',
  'errors.check_missing.title': '本人確認の記録がありません',
  'errors.check_missing.message': '本人確認の方法を選んで、記録してください。記録は24時間有効です。',
  'errors.note_missing.title': 'メモが入力されていません',
  'errors.note_missing.message': '理由を短く書いてください。',
  'errors.note_too_long.title': 'メモが長すぎます',
  'errors.note_too_long.message': '短くしてください。',
  'errors.note_too_long.detailed': '{max}文字以内にしてください。',
  'errors.note_holds_number.title': 'メモに、残してはいけない番号があります',
  'errors.note_holds_number.message':
    '記録していません。証明書の番号、電話番号、確認コード、メールアドレスは残せません。証明書の種類だけを書いてください。',
  'errors.desk_closed.title': '今は受付時間外です',
  'errors.desk_closed.message':
    '承認していません。時間外は二人で承認し、時間外の処理として記録されます。待てないときは、その欄に印をつけてください。',
  'errors.desk_own_case.title': 'ご自分の受付です',
  'errors.desk_own_case.message': '自分のIDは、自分では処理できません。ほかの担当者に頼んでください。',
  'errors.desk_already_approved.title': 'この受付は、もう承認しています',
  'errors.desk_already_approved.message': '二人目の承認を待っています。',
  'errors.desk_second_needed.title': '二人目の承認が必要です',
  'errors.desk_second_needed.message': '設定パスは発行していません。ほかの担当者も承認すると発行されます。',
  'errors.day_malformed.title': 'この日付は使えません',
  'errors.day_malformed.message':
    '2027-01-04 のように、年-月-日で、今日以降の日付を書いてください。最後の日は、最初の日より後で、合わせて31日までです。',
  'errors.day_too_soon.title': '今日の受付時間は、ここでは増やせません',
  'errors.day_too_soon.message':
    '何も変更していません。受付時間外の承認には二人必要なので、特別に受け付ける日は、前の日までに設定してください。今日の変更は、このサーバーの管理者ならできます。',
  'errors.day_name_missing.title': '日の名前が入力されていません',
  'errors.day_name_missing.message': '日本語と英語の両方で書いてください。',
  'errors.day_name_too_long.title': '日の名前が長すぎます',
  'errors.day_name_too_long.message': '日本語も英語も、短くしてください。',
  'errors.day_name_too_long.detailed': '日本語も英語も、{max}文字以内にしてください。',
  'errors.hours_malformed.title': '時刻の形になっていません',
  'errors.hours_malformed.message': '09:00 と 17:00 のように、早い時刻から順に書いてください。',
  'errors.day_unknown.title': 'この日は一覧にありません',
  'errors.day_unknown.message': 'その間に削除されたかもしれません。',
};

export const deskErrors = { en, ja };
