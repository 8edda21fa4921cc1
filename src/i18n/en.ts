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
import type { ErrorMessages, Message } from './message.ts';

/**
 * English. This catalogue decides which keys exist; `ja` is typed by it. Names, hours, links and
 * domains are the operator's and come as values, never as words in here.
 */
export const en = {
  ...secondFactor.en,
  ...portal.en,
  ...notices.en,
  ...passkeys.en,
  ...calendar.en,
  ...support.en,
  ...setUpPass.en,
  ...staff.en,
  ...desk.en,
  ...figures.en,
  ...trail.en,
  ...deskErrors.en,
  // What every page has.
  'common.pageTitle': '{page} – {organisation}',
  'common.pageTitleFault': 'Error: {page} – {organisation}',
  'common.sentenceGap': ' ',
  'common.continue': 'Continue',
  'common.cancel': 'Cancel',
  'common.cancelService': 'Cancel and go back to {service}',
  'common.service': 'Service',
  'common.account': 'Your ID',
  'common.optional': '(optional)',
  'common.language': 'Language',
  'common.inquiry': 'Help and inquiries',
  'common.autoContinue': 'The page goes on by itself when all {digits} digits are in.',

  // Hints above the content.
  'notice.step-changed': 'This sign-in has moved on. You are on its current page: please go on here.',
  'notice.code-sent-again': 'We have sent the mail again. It has the same code, valid until the same time.',
  'notice.already-signed-in': 'You are already signed in. There is nothing to do on the earlier page.',

  // The ways of the second step.
  'ways.mail': 'Use a code by mail',
  'ways.app': 'Use the authenticator app',
  'ways.recovery-code': 'Use a recovery code',
  'ways.passkey': 'Use a passkey',
  'ways.other': 'Other ways',

  // Sign in.
  'signIn.title': 'Sign in',
  'signIn.password': 'Password',
  'signIn.submit': 'Sign in',
  'signIn.again':
    'Setting up the second step takes your password once more: it was given too long ago, or in another sign-in.',
  'signIn.choose':
    'This browser is signed in as {loginId}. Sign in with the account that you want to use: if it is another one, {loginId} is signed out here.',
  'signIn.forgotten': 'Forgotten your ID or password?',

  // The code from the mail.
  'mailCode.title': 'Enter the code from the mail',
  'mailCode.lead': 'We send you an 8-digit code by mail. The mail’s subject shows the reference below.',
  'mailCode.titleUnsent': 'Have a code sent to you by mail',
  'mailCode.leadUnsent': 'No code has been sent for this sign-in yet. You can have one sent to this address.',
  'mailCode.leadExpired': 'The last code is no longer valid. You can have a new one sent to this address.',
  'mailCode.address': 'Address',
  'mailCode.reference': 'Reference',
  'mailCode.label': '8-digit code',
  'mailCode.valid': {
    by: 'minutes',
    one: 'The code is valid for 1 more minute.',
    other: 'The code is valid for {minutes} more minutes.',
  },
  'mailCode.delivery': 'Mail',
  'mailCode.delivery.sending': 'We are sending the mail now. Most mails arrive within a minute.',
  'mailCode.delivery.handed-over': 'The mail has been sent: the mail server has taken it.',
  'mailCode.delivery.handed-over.domain': 'The mail to {domain} has been sent: the mail server has taken it.',
  'mailCode.delivery.retrying':
    'The mail is delayed on our side; your address is not the cause. We keep trying; please wait a few minutes.',
  'mailCode.delivery.retrying.domain':
    'The mail to {domain} is delayed on our side; your address is not the cause. We keep trying; please wait a few minutes.',
  'mailCode.delivery.deferred':
    'The mailbox does not take the mail at the moment; it may be full. We keep trying; please wait a few minutes.',
  'mailCode.delivery.deferred.domain':
    'The mailbox at {domain} does not take the mail at the moment; it may be full. We keep trying; please wait a few minutes.',
  'mailCode.delivery.refused': 'The mail was refused. The mailbox may be full or may not exist.',
  'mailCode.delivery.refused.domain':
    'The mail to {domain} was refused. The mailbox may be full or may not exist.',
  'mailCode.resend': 'Send the mail again',
  'mailCode.resendNew': 'Send a new code',
  'mailCode.resendIn': {
    by: 'seconds',
    one: 'You can have it sent again in 1 second.',
    other: 'You can have it sent again in {seconds} seconds.',
  },
  'mailCode.resendNow': 'You can have it sent again now.',
  'mailCode.trouble': 'The mail does not come?',
  'mailCode.trouble.spam': 'Look in the folder for spam or junk mail.',
  'mailCode.trouble.filter':
    'Mail services of phone companies often refuse mails from computers. Allow mails from {sender}.',
  'mailCode.trouble.filterPlain':
    'Mail services of phone companies often refuse mails from computers. Allow mails from {organisation} in the settings of your mailbox.',
  'mailCode.trouble.wait': 'Wait a few minutes, then have the mail sent again.',
  'mailCode.trouble.ways': 'Choose another way on this page.',
  'mailCode.trouble.address': 'Check the address for typing mistakes, and change it if it is wrong.',
  'mailCode.trouble.ask': 'Still nothing? Ask {centre} ({hours}) and tell the reference.',

  // The code from the app.
  'appCode.title': 'Enter the code from your app',
  'appCode.lead': 'Open the authenticator app that you have set up for this ID.',
  'appCode.label': '6-digit code',
  'appCode.hint': 'The app shows a new code every 30 seconds.',
  'appCode.trouble': 'You cannot use your app?',
  'appCode.trouble.ways': 'Choose another way on this page: it changes nothing in your settings.',
  'appCode.trouble.clock':
    'The code is refused again and again? Let the clock of your device set itself automatically.',
  'appCode.trouble.ask': 'Otherwise ask {centre} ({hours}).',

  // Initial setup by mail.
  'setUp.step': 'Initial setup – step {step} of {steps}',
  'setUpMail.title': 'Your mail address for codes',
  'setUpMail.lead':
    'This service asks for a second step after the password, so that nobody can use your ID with the password alone. You set it up once, now.',
  'setUpMail.how':
    'We send an 8-digit code to your address. You enter it on the next page, and are then taken on to the service.',
  'setUpMail.email': 'Mail address',
  'setUpMail.useLater': 'This address is also used when you change or reset your settings.',
  'setUpMail.submit': 'Send me the code',
  'setUpMail.noMail': 'I have no mail address that I can use',
  'setUpMailCode.title': 'Enter the code from the mail',
  'setUpMailCode.change': 'Change the address',
  'addressRule.forbidden': 'Addresses ending in {domains} cannot be registered.',
  'addressRule.labelled': '@{domain} ({label})',
  'addressRule.subdomains': '{domain} and its subdomains',
  'addressRule.why':
    'Those mailboxes open with the same password, so they would not protect you if somebody knew it.',
  'addressRule.one': 'Only one address can be registered.',

  // Initial setup without mail.
  'setUpAppOnly.title': 'Set up with an app only',
  'setUpAppOnly.lead':
    'You can do the second step with an authenticator app alone, without a mail address. Please read this first.',
  'setUpAppOnly.noReset':
    'Without a mail address you cannot do the “Reset” yourself, for example when your phone is broken or you could not move the app to a new device.',
  'setUpAppOnly.desk':
    'Part of the reset is then done by {centre} on your behalf: you must contact it and prove who you are.',
  'setUpAppOnly.hours': 'It can only answer in its business hours: {hours}.',
  'setUpAppOnly.later': 'If you have a mail address one day, please register it then.',
  'setUpAppOnly.acknowledge':
    'I understand that without a mail address I cannot reset my settings myself, and have to contact {centre} and prove who I am.',
  'setUpAppOnly.submit': 'Continue with an app only',
  'setUpAppOnly.useMail': 'Use a mail address after all',
  'setUpApp.title': 'Connect your authenticator app',
  'setUpApp.lead':
    'Use any authenticator app that shows 6-digit codes, on a phone or in a browser on your computer.',
  'setUpApp.step1': 'Give the key to the app',
  'setUpApp.scan': 'With an app on a phone: scan this QR code in the app.',
  'setUpApp.qr': 'QR code with the key for the authenticator app',
  'setUpApp.type': 'If it cannot be scanned: copy or type this key into the app.',
  'setUpApp.key': 'Key',
  'setUpApp.copy': 'Copy the key',
  'setUpApp.copied': 'Copied',
  'setUpApp.open': 'Open in an app on this device',
  'setUpApp.secret':
    'Show the QR code and the key to nobody. They are not shown again once you have finished.',
  'setUpApp.step2': 'Enter the code that the app shows',
  'device.unknown': 'an unknown device',
  'device.both': '{browser} on {system}',
  'setUpApp.deviceDefault': 'Authenticator app',
  'setUpApp.device': 'Name of the device',
  'setUpApp.deviceHint': 'Helps you tell several devices apart later.',
  'setUpApp.submit': 'Finish',

  // Consent.
  'consent.title': 'May we tell {service} about you?',
  'consent.titlePlain': 'May we tell the service about you?',
  'consent.scopes': 'The service asks to:',
  'consent.claims': 'It is told:',
  'consent.allow': 'Allow',
  'consent.deny': 'Do not allow',
  'consent.hint': 'If you do not allow it, you go back to the service without being signed in.',
  'scopes.openid': 'know that it is you when you sign in',
  'scopes.profile': 'see your profile',
  'scopes.email': 'see your mail address',
  'scopes.address': 'see your postal address',
  'scopes.phone': 'see your phone number',
  'scopes.offline_access': 'keep access while you are away',
  'scopes.eduperson': 'see your role at the university',
  'claims.sub': 'an identifier of yours for this service',
  'claims.name': 'your name',
  'claims.given_name': 'your given name',
  'claims.family_name': 'your family name',
  'claims.preferred_username': 'your ID',
  'claims.email': 'your mail address',
  'claims.email_verified': 'whether your mail address was checked',
  'claims.locale': 'your language',
  'claims.eduperson_affiliation': 'your roles at the university',
  'claims.eduperson_scoped_affiliation': 'your roles and the university they belong to',
  'claims.eduperson_principal_name': 'your identifier at the university',
  'claims.eduperson_entitlement': 'what you are entitled to',
  'claims.schac_home_organization': 'your university',

  // A form that goes on by itself.
  'continue.title': 'On to {service}',
  'continue.titlePlain': 'One more step',
  'continue.lead': 'This page goes on by itself. If it does not, please press the button.',
  'continue.button': 'Continue',

  // Signing out.
  'signOut.title': 'Sign out?',
  'signOut.lead':
    'Signing out ends your sign-in in this browser. You will have to sign in again for other services too.',
  'signOut.everywhere': 'Sign out in this browser',
  'signOut.stay': 'Sign out of this service only',
  'signOut.trouble.service': 'The service that sent you here is not registered any more.',
  'signOut.trouble.hint': 'What the service sent along with its request could not be checked.',
  'signOut.trouble.return':
    'The address to which the service wants to send you afterwards is not registered.',
  'signOut.trouble.stay': 'You can sign out all the same. Afterwards you stay here.',
  'signedOut.title': 'You are signed out',
  'signedOut.lead': 'Your sign-in in this browser has ended.',
  'signedOut.shared': 'On a computer that others use too, close all windows of the browser now.',

  // The front page.
  'home.title': 'Sign-in of {organisation}',
  'home.lead': 'Here you sign in to the services of {organisation}.',
  'home.how':
    'You do not start here: open the service that you want to use. It brings you here when it needs you to sign in.',

  // The error page.
  'error.askTitle': 'Whom to ask',
  'error.ask': 'If it does not work, ask {centre} ({hours}) and tell this reference:',
  'error.reference': 'Reference',
  'error.code': 'Error',
  'error.startAgain': 'Start again at {service}',
  'error.tryAgain': 'Try again',
  'error.inquiry': 'Open the inquiry form',
  'error.protocol': 'For the staff of the service',
  'fault.prefix': 'Error:',
  'fault.ask': 'Need help? Ask {centre}',

  // One title (what happened) and one message (what to do now) for every code.
  'errors.wrong_credentials.title': 'The ID or the password is not right',
  'errors.wrong_credentials.message': 'Please enter both again. Check capital letters in the password.',
  'errors.credentials_missing.title': 'The ID or the password is missing',
  'errors.credentials_missing.message': 'Please enter both.',
  'errors.too_many_password_attempts.title': 'Too many tries',
  'errors.too_many_password_attempts.message':
    'To protect the account, signing in waits for a while. Please try again later.',
  'errors.too_many_password_attempts.detailed': {
    by: 'minutes',
    one: 'To protect the account, signing in waits for a while. Please try again in 1 minute.',
    other: 'To protect the account, signing in waits for a while. Please try again in {minutes} minutes.',
  },
  'errors.hashing_busy.title': 'Very many people are signing in at the moment',
  'errors.hashing_busy.message': 'Your password was not checked. Please wait a few seconds and try again.',
  'errors.code_missing.title': 'The code is missing',
  'errors.code_missing.message': 'Please enter the code.',
  'errors.code_malformed.title': 'This does not look like the code',
  'errors.code_malformed.message':
    'The code has only digits: 8 in the mail, 6 in the app. Please enter it again.',
  'errors.code_malformed.detailed': {
    by: 'digits',
    one: 'The code has 1 digit and nothing else. Please enter it again.',
    other: 'The code has {digits} digits and nothing else. Please enter it again.',
  },
  'errors.code_wrong.title': 'The code is not right',
  'errors.code_wrong.message':
    'Please look at the newest code and enter it again. With a mail, the reference must be the one on this page; with an app, the clock of its device must be right.',
  'errors.code_expired.title': 'The code is no longer valid',
  'errors.code_expired.message': 'Please have a new code sent and enter that one.',
  'errors.code_used.title': 'This code was used before',
  'errors.code_used.message':
    'Each code works once. Please wait for the next code of the app, or have a new mail sent.',
  'errors.code_attempts_exhausted.title': 'Too many wrong codes',
  'errors.code_attempts_exhausted.message':
    'This code no longer works. Please have a new one sent and enter that one.',
  'errors.factor_paused.title': 'Too many wrong codes: the second step waits for a while',
  'errors.factor_paused.message': 'Your account is not locked. Please try again later.',
  'errors.factor_paused.detailed': {
    by: 'minutes',
    one: 'Your account is not locked. Please try again in 1 minute.',
    other: 'Your account is not locked. Please try again in {minutes} minutes.',
  },
  'errors.factor_disabled.title': 'This way cannot be used here',
  'errors.factor_disabled.message': 'Please choose another way. If there is none, ask the support centre.',
  'errors.factor_missing.title': 'Your second step has to be set up again',
  'errors.factor_missing.message':
    'You had set one up before. It was removed, or switched off after many wrong codes. For your safety it cannot be set up with the password alone. Ask the support centre: it checks who you are, and then you can set it up again.',
  'errors.resend_too_soon.title': 'The mail was sent a moment ago',
  'errors.resend_too_soon.message':
    'Please wait a little before you have it sent again, and look in the spam folder.',
  'errors.resend_too_soon.detailed': {
    by: 'seconds',
    one: 'Please wait 1 second before you have it sent again, and look in the spam folder.',
    other: 'Please wait {seconds} seconds before you have it sent again, and look in the spam folder.',
  },
  'errors.mail_limit_reached.title': 'No more mails can be sent for now',
  'errors.mail_limit_reached.message': 'Many mails were sent in a short time. Please try again later.',
  'errors.mail_limit_reached.detailed': {
    by: 'minutes',
    one: 'Many mails were sent in a short time. Please try again in 1 minute.',
    other: 'Many mails were sent in a short time. Please try again in {minutes} minutes.',
  },
  'errors.mail_refused.title': 'The mail could not be delivered',
  'errors.mail_refused.message':
    'The mailbox may be full or may not exist. Please check the address, or choose another way.',
  'errors.address_missing.title': 'The mail address is missing',
  'errors.address_missing.message': 'Please enter the address that gets the codes.',
  'errors.address_malformed.title': 'This is not a complete mail address',
  'errors.address_malformed.message':
    'Please enter a whole address, such as name@example.com, and nothing else.',
  'errors.address_forbidden.title': 'This address cannot be registered',
  'errors.address_forbidden.message': 'Please enter an address of another mail service.',
  'errors.address_forbidden.detailed': 'Please enter an address of another mail service than {domain}.',
  'errors.acknowledgement_missing.title': 'The tick is missing',
  'errors.acknowledgement_missing.message': 'Please read the text, and tick the box if you agree.',
  'errors.fresh_sign_in_needed.title': 'Please sign in again first',
  'errors.fresh_sign_in_needed.message':
    'A change needs a sign-in, with the second step, of the last few minutes. Nothing was changed.',
  'errors.change_expired.title': 'This change was begun too long ago',
  'errors.change_expired.message': 'Nothing was changed. Please begin again from your page.',
  'errors.changes_frozen.title': 'Nothing can be changed at the moment',
  'errors.changes_frozen.message':
    'Somebody reported “this was not me” for this ID, so its second step cannot be changed for a day. In urgent cases the support centre helps.',
  'errors.address_frozen.title': 'The mail address cannot be changed yet',
  'errors.address_frozen.message':
    'After a reset the mail address stays as it is for a day. In urgent cases the support centre helps.',
  'errors.address_unchanged.title': 'This is your present address',
  'errors.address_unchanged.message': 'Enter another address, or go back: nothing was changed.',
  'errors.last_way.title': 'This is your only way to sign in',
  'errors.last_way.message': 'Set up another way first; then this one can be removed. Nothing was changed.',
  'errors.factor_unknown.title': 'This is not set up any more',
  'errors.factor_unknown.message': 'It was removed in the meantime. The page shows what is set up now.',
  'errors.reason_missing.title': 'Choose a reason',
  'errors.reason_missing.message': 'Please say why: choose one of the answers.',
  'errors.password_missing.title': 'The password is missing',
  'errors.password_missing.message': 'Please enter the password of this ID.',
  'errors.password_wrong.title': 'The password is not right',
  'errors.password_wrong.message':
    'Please enter the password of this ID again. Check capital letters. Nothing was changed.',
  'errors.passkey_refused.title': 'The passkey was not accepted',
  'errors.passkey_refused.message':
    'Try again, or choose another way. A passkey works only with the ID that it was set up for.',
  'errors.passkey_unsupported.title': 'This browser cannot use passkeys here',
  'errors.passkey_unsupported.message': 'Choose another way, or use another browser or device.',
  'errors.recovery_code_malformed.title': 'Check the recovery code',
  'errors.recovery_code_malformed.message':
    'A recovery code has 13 letters and digits, as they stand on your sheet.',
  'errors.recovery_code_wrong.title': 'This recovery code is not valid',
  'errors.recovery_code_wrong.message':
    'Each code works once, and only those of your newest sheet work. Check the number of the sheet and try another code.',
  'errors.notice_link_invalid.title': 'This link is not valid',
  'errors.notice_link_invalid.message':
    'It may be incomplete: copy the whole address from the mail. Nothing was changed.',
  'errors.notice_link_expired.title': 'This link is too old',
  'errors.notice_link_expired.message':
    'Links in mails work for seven days. If somebody else uses your ID, tell the support centre. Nothing was changed.',
  'errors.device_name_too_long.title': 'The name of the device is too long',
  'errors.device_name_too_long.message': 'Please choose a shorter name.',
  'errors.device_name_too_long.detailed': {
    by: 'max',
    one: 'Please choose a name of 1 character.',
    other: 'Please choose a name of at most {max} characters.',
  },
  'errors.device_limit_reached.title': 'No more devices can be added',
  'errors.device_limit_reached.message': 'Please remove a device that you no longer use, then add this one.',
  'errors.device_limit_reached.detailed': {
    by: 'max',
    one: 'You can have 1 device. Please remove it, then add this one.',
    other: 'You can have {max} devices. Please remove one that you no longer use, then add this one.',
  },
  'errors.interaction_expired.title': 'This sign-in has expired',
  'errors.interaction_expired.message':
    'It stood open for too long, or its page came from a bookmark or an earlier visit. Please start again at the service. If you come to this page at once, let your browser keep cookies.',
  'errors.interaction_foreign.title': 'This page belongs to another sign-in',
  'errors.interaction_foreign.message':
    'It was started in another browser or window, or your browser keeps no cookies. Please start again at the service, in this window.',
  'errors.interaction_finished.title': 'This sign-in is already finished',
  'errors.interaction_finished.message':
    'You came back to a page that is done. Please go to the service; if it does not know you, start again there.',
  'errors.step_out_of_order.title': 'This page is no longer the current one',
  'errors.step_out_of_order.message':
    'The sign-in went on in another tab or by the back button. Please go on with the current page.',
  'errors.form_token_invalid.title': 'The form could not be accepted',
  'errors.form_token_invalid.message':
    'It was open for too long or in several tabs. Nothing was changed. Please load the page again and send it once more.',
  'errors.cross_site_request.title': 'The request came from another website',
  'errors.cross_site_request.message':
    'It was refused for your safety, and nothing was changed. Please start again at the service.',
  'errors.action_unknown.title': 'This page cannot do that',
  'errors.action_unknown.message': 'Please go back, and use one of the buttons on the page.',
  'errors.bad_request.title': 'The request was not understood',
  'errors.bad_request.message': 'Please go back and try again.',
  'errors.not_found.title': 'This page does not exist',
  'errors.not_found.message':
    'The address may be mistyped or out of date. Please open the service that you want to use.',
  'errors.method_not_allowed.title': 'This page cannot be used in that way',
  'errors.method_not_allowed.message': 'Please open the service that you want to use.',
  'errors.unsupported_media_type.title': 'The form was sent in a way we do not understand',
  'errors.unsupported_media_type.message': 'Please load the page again and send the form once more.',
  'errors.request_too_large.title': 'Too much was sent at once',
  'errors.request_too_large.message': 'Please go back and enter less.',
  'errors.url_too_long.title': 'The address is too long',
  'errors.url_too_long.message':
    'Please open the service that you want to use again. If this comes back, tell the people who run that service.',
  'errors.headers_too_large.title': 'Your browser sent too many cookies',
  'errors.headers_too_large.message':
    'Other websites of the same organisation have stored too many cookies in your browser. Please delete the cookies of this site and of its organisation in the settings of your browser, close the browser, and try again. A private window works too.',
  'errors.request_timeout.title': 'The request took too long',
  'errors.request_timeout.message': 'Please check your connection, load the page again and try once more.',
  'errors.host_unknown.title': 'This server is not known by that name',
  'errors.host_unknown.message':
    'Please check the address. Open the service that you want to use: it knows the right one.',
  'errors.temporarily_unavailable.title': 'The sign-in is not available for a moment',
  'errors.temporarily_unavailable.message': 'It is not your fault. Please try again in a few minutes.',
  'errors.server_busy.title': 'Very many people are signing in at the moment',
  'errors.server_busy.message': 'Nothing is lost. Please wait a few seconds and try again.',
  'errors.internal_error.title': 'Something went wrong on our side',
  'errors.internal_error.message':
    'It is not your fault, and it has been recorded. Please try again in a few minutes.',
  'errors.service_request_invalid.title': 'The service sent a request that we cannot accept',
  'errors.service_request_invalid.message':
    'It cannot be put right here. Please go back to the service and try again; if it happens again, tell the staff of the service.',
  'errors.service_unknown.title': 'The service is not registered here',
  'errors.service_unknown.message':
    'It cannot be put right here. If you trust the page you came from, tell the staff of the service.',

  // Mails.
  'mail.signInCode.subject': '{organisation}: code for signing in ({reference})',
  'mail.signInCode.subjectWithCode': '{code} is your code for signing in – {organisation} ({reference})',
  'mail.signInCode.title': 'Your code for signing in',
  'mail.setUpCode.subject': '{organisation}: code for your setup ({reference})',
  'mail.setUpCode.subjectWithCode': '{code} is your code for the setup – {organisation} ({reference})',
  'mail.setUpCode.title': 'Your code for the setup',
  'mail.resetCode.subject': '{organisation}: code for resetting your settings ({reference})',
  'mail.resetCode.subjectWithCode': '{code} is your code for the reset – {organisation} ({reference})',
  'mail.resetCode.title': 'Your code for resetting your settings',
  'mail.resetCode.effect':
    'With this code, your apps, passkeys, recovery codes and trusted browsers are removed and you are signed out everywhere else.',
  'mail.code.lead': 'Enter this code on the page that shows the reference {reference}:',
  'mail.code.valid': {
    by: 'minutes',
    one: 'It works once, and for 1 minute.',
    other: 'It works once, and for {minutes} minutes.',
  },
  'mail.code.never': 'Nobody from {organisation} will ever ask you for it.',
  'mail.fact': '{label}: {value}',
  'mail.reference': 'Reference',
  'mail.service': 'Service',
  'mail.at': 'Time',
  'mail.device': 'Device',
  'mail.address': 'Address',
  'mail.deviceName': 'Name of the device',
  'mail.notYou.signIn': 'If this was not you, somebody knows your password: change it now and tell {centre}.',
  'mail.notYou.setUp':
    'If this was not you, do nothing with the code. If you have an ID of {organisation}, somebody knows its password: change it now and tell {centre}.',
  'mail.notYou.reset':
    'If you did not ask for a reset, give the code to nobody. Somebody knows your password: change it now and tell {centre}.',
  'mail.inquiry': 'Inquiries',
  'mail.hours': '{centre}: {hours}',
  'mail.automatic': 'This mail was sent automatically. Please do not reply to it.',
} as const satisfies ErrorMessages & Readonly<Record<string, Message>>;

export type MessageKey = keyof typeof en;

/** What every other language must have: the same keys, no fewer and no more. */
export type Catalogue = Readonly<Record<MessageKey, Message>>;
