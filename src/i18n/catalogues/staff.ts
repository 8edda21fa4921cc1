import type { Message } from '../message.ts';

/** The frame of the staff's pages. */
const en = {
  'staff.sections': 'Pages for staff',
  'staff.ownPage': 'Your own page',
  'staff.open.desk': 'Open the support centre’s desk',
  'staff.open.operator': 'Open the operators’ pages',
  'staff.link.title': 'You work here',
  'staff.link.text': 'What your ID may do for others:',
  'staff.roles.and': ', ',
  'staff.nav.queue': 'Queue',
  'staff.nav.closed': 'Ended cases',
  'staff.nav.figures': 'Figures',
  'staff.nav.trail': 'Audit trail',
  'staff.nav.operator': 'Operation',
  'staff.nav.calendar': 'Calendar',
  'staff.role.desk': 'support centre',
  'staff.role.desk-lead': 'head of the support centre',
  'staff.role.auditor': 'auditor',
  'staff.role.operator': 'operator',
  'staff.role.none': 'none',
  'staff.may.desk': 'find one ID, record an identity check, approve and refuse cases.',
  'staff.may.desk-lead': 'what the support centre may, and ended cases, figures, the trail and the calendar.',
  'staff.may.auditor': 'look at cases, figures and the trail, and change nothing.',
  'staff.may.operator': 'look at the figures and set the calendar.',
  'staff.operatorHome.title': 'Operation',
  'staff.operatorHome.lead':
    'What operators see and set in a browser. Everything else is done with the command line.',
  'staff.operatorHome.opening': 'Support centre:',
  'staff.operatorHome.roles': 'Your roles',
  'notice.case-opened': 'The case is open. The user is told by mail where an address is known.',
  'notice.identity-checked':
    'The identity check is recorded. The user is told by mail where an address is known.',
  'notice.case-approved': 'Your approval is recorded. A second person has to approve.',
  'notice.case-refused':
    'The case is closed without a setup pass. The user is told by mail where an address is known.',
  'notice.pass-withdrawn':
    'The setup pass no longer works. The user is told by mail where an address is known.',
  'notice.day-set': 'The day is in the calendar.',
  'notice.day-removed': 'The day is as the week says again.',
} as const satisfies Record<string, Message>;

const ja: Record<keyof typeof en, Message> = {
  'staff.sections': '担当者のページ',
  'staff.ownPage': 'ご自分のページ',
  'staff.open.desk': 'サポート窓口のページを開く',
  'staff.open.operator': '運用のページを開く',
  'staff.link.title': '担当者の方へ',
  'staff.link.text': 'あなたのIDの役割：',
  'staff.roles.and': '、',
  'staff.nav.queue': '受付の一覧',
  'staff.nav.closed': '終わった受付',
  'staff.nav.figures': '件数と時間',
  'staff.nav.trail': '操作の記録',
  'staff.nav.operator': '運用',
  'staff.nav.calendar': '受付カレンダー',
  'staff.role.desk': 'サポート窓口',
  'staff.role.desk-lead': 'サポート窓口の責任者',
  'staff.role.auditor': '監査',
  'staff.role.operator': '運用',
  'staff.role.none': 'なし',
  'staff.may.desk': 'IDを1つずつ探し、本人確認を記録し、受付を承認する、または断ることができます。',
  'staff.may.desk-lead':
    'サポート窓口の仕事のほか、終わった受付、件数と時間、操作の記録、カレンダーを扱えます。',
  'staff.may.auditor': '受付、件数と時間、操作の記録を見ることができます。変えることはできません。',
  'staff.may.operator': '件数と時間を見て、カレンダーを決めることができます。',
  'staff.operatorHome.title': '運用',
  'staff.operatorHome.lead':
    '運用の担当者がブラウザで見るもの、決めるものです。ほかの作業はコマンドで行います。',
  'staff.operatorHome.opening': 'サポート窓口：',
  'staff.operatorHome.roles': 'あなたの役割',
  'notice.case-opened': '受付を始めました。利用者のアドレスがあれば、メールで知らせます。',
  'notice.identity-checked': '本人確認を記録しました。利用者のアドレスがあれば、メールで知らせます。',
  'notice.case-approved': 'あなたの承認を記録しました。もう一人の担当者の承認が必要です。',
  'notice.case-refused':
    '設定パスを発行せずに、受付を終わりました。利用者のアドレスがあれば、メールで知らせます。',
  'notice.pass-withdrawn': '設定パスは、もう使えません。利用者のアドレスがあれば、メールで知らせます。',
  'notice.day-set': 'カレンダーに入れました。',
  'notice.day-removed': 'この日は、いつもの曜日のとおりに戻りました。',
};

export const staff = { en, ja };
