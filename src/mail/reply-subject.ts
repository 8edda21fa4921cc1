/**
 * What an SMTP reply is about. `recipient`: the recipient's mailbox or address. `greylisting`: the server
 * defers a first attempt on purpose. `other`: the sender, the client, relaying, policy, the server, the
 * network or the protocol, and not the address.
 */
export type ReplySubject = 'recipient' | 'greylisting' | 'other';

// An enhanced status code (RFC 3463), after the reply code or, as qmail and Cisco write it, marked with `#`.
const leadingStatus = /^[45]\d\d[ -]+#?[245]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)/;
const markedStatus = /#[245]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)/;
// … or on a later line of the same reply.
const laterStatus = /^([45]\d\d)-(?:.*\s)?\1[ -]#?[245]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)/s;

// Each of these is about the recipient, whatever the words are (RFC 3463 §3.2, §3.3; RFC 7505 for 1.10).
const recipientStatus: ReadonlySet<string> = new Set(
  ['1.1', '1.2', '1.3', '1.4', '1.6', '1.10'].concat(['2.1', '2.2', '2.3', '2.4']),
);
// "Other or undefined": the words decide.
const vagueStatus: ReadonlySet<string> = new Set(['0.0', '1.0', '2.0', '5.0']);

const greylisting = /gr[ae]y-?\s?list|postgrey|address verification in progress/;

// Words that show that a reply is not about the mailbox, even under a status that usually is. Postfix says
// "Sender address rejected: User unknown" about the sender; Exim quotes what the sender's own server said.
const elsewhere = [
  /\bsender\b[^.;]{0,60}\b(reject|refus|den(y|ied)|unknown|verif|invalid|not (allowed|found|exist|valid|owned|permitted|accepted)|block|does(n't| not) exist|unauthenticated)/,
  /\b(invalid|bad|unknown|unverified|unauthenticated|verify|reject(ed|ing)?|block(ed|ing)?) (envelope )?sender\b|\bsender verif|envelope sender|callback setup failed|verification failed for|\bmail from\b|\bfrom address\b/,
  /\b(helo|ehlo)\b|client host|\bclient (was |is )?not\b|\breverse (dns|lookup|hostname)|\bptr\b|\bip (address|range)?\b[^.;]{0,40}\b(block|reject|ban|list|reput)/,
  /relay(ing)? (access )?(is )?(denied|prohibited|not|rejected|refused)|\b(to|not|cannot|can't|don't|won't|unable to|not permitted to|open) relay\b|rcpthosts|non-accepted domain/,
  /\b(block|black|deny)[- ]?list|\b(dns|r)bl\b|spamhaus|spamcop|barracuda|\breputation\b|\bbanned\b|\bspam\b|\bvirus\b|\bspf\b|\bdkim\b|\bdmarc\b|\bpolicy\b|\bpolicies\b/,
  /\brate\b|too (many|much|fast|often)|throttl|sending (quota|limit)|daily [^.;]{0,20}(quota|limit)|(hourly|sending|submission|message|connection)s? (quota|limit)/,
  /\byour (e-?mail )?account\b/,
  /authenticat|\bauth\b|\blog ?in\b|starttls|\btls\b|credential|\bnot authori[sz]ed\b/,
  /timed? ?out|connection (refused|reset|lost)|connect to |lost connection|(dns|temporary|temporarily)[^.;]{0,30}(fail|error|problem)|temporary lookup|lookup (failure|error)|name service|queue (file|too)|insufficient system|server (configuration )?error|internal error/,
];

// What servers say about a mailbox when they give no status, or a vague one.
const ofMailbox = [
  /\b(user|recipient|mailbox|account|address|addressee|local[- ]?part|person|rcpt)\b[^.;:]{0,40}\b(is |was |has been |currently )*(unknown|not (found|known|exist|listed|recogni[sz]ed|local|available|valid|a valid|in use)|does(n't| not| n't) (exist|have)|did not exist|do(n't| not) exist|invalid|unavailable|inactive|disabled|locked|suspended|deactivated|terminated|closed|deleted|expired|full|over (its |the |their )?quota|no longer)/,
  /\b(unknown|invalid|no such|no|inactive|disabled|bad|undeliverable|unrouteable|unroutable|nonexistent|non-existent)( local| destination| email| e-mail| mail)? (user|users|recipients?|mailbox|account|address|addressee|person|local[- ]?part|rcpt)\b/,
  /\b(over|exceeded|exceeds) ?(its|the|their|his|storage|disk|mailbox)* ?quota\b|\b(mailbox|inbox|disk|storage|user) (quota|size|space)[^.;]{0,20}exceed|\bquota exceeded\b|\bmail ?box (is )?full\b/,
  /mailbox name (is )?(not allowed|invalid)|no mailbox here|mailbox not found|this user (does|has|is)|isn't a valid|not our customer|no user record found|user lookup|recipientnotfound|exrecipnotfound|does not accept mail|null ?mx|domain (does not exist|doesn't exist|not found)/,
];

// Exchange Online's Directory-Based Edge Blocking says this when there is no such recipient.
const edgeBlocking = /recipient address(es)? rejected ?: access denied/;
// Texts that Postfix operators write into a table of recipients come with the status of a policy.
const tableOfRecipients =
  /recipient address rejected ?: (user|recipient|mailbox|account) (is )?(unknown|not found|does not exist)/;

/**
 * Reads a reply to `RCPT` or to the text of a mail. The status code decides; if it is missing or vague, the
 * words decide. A reply with unclear words is not about the recipient: a working address must never be blamed
 * for a problem of the relay.
 */
export function subjectOfReply(reply: string): ReplySubject {
  // Names inside addresses and links are not the server's own words.
  const words = reply
    .replace(/<[^<>\s]*>|\S+@\S+|https?:\/\/\S+/g, ' ')
    .replace(/[\s\u2019]+/g, (found) => (found === '\u2019' ? "'" : ' '))
    .replace(/ [45]\d\d[ -]/g, ' ')
    .toLowerCase();
  if (greylisting.test(words)) return 'greylisting';
  if (elsewhere.some((pattern) => pattern.test(words))) return 'other';
  const status = leadingStatus.exec(reply) ?? markedStatus.exec(reply) ?? laterStatus.exec(reply);
  const detail = status === null ? undefined : status.slice(-2).join('.');
  if (detail === '4.1' && edgeBlocking.test(words)) return 'recipient';
  if (detail === '7.1' && tableOfRecipients.test(words)) return 'recipient';
  // A domain that cannot be resolved right now may be a DNS problem of the relay.
  if (detail === '1.2' && reply.startsWith('4')) return 'other';
  if (detail !== undefined && recipientStatus.has(detail)) return 'recipient';
  if (detail !== undefined && !vagueStatus.has(detail)) return 'other';
  return ofMailbox.some((pattern) => pattern.test(words)) ? 'recipient' : 'other';
}
