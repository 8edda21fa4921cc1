/**
 * Every error that a user or an operator can meet has one stable code. The code is documented, is in the log
 * line, and is the key of the message in the user's language (`errors.<code>` in the catalogues). Only `web/`
 * turns a code into a status and a page.
 */
export const errorStatus = {
  // The sign-in page: one answer for an unknown ID and a wrong password (R3).
  wrong_credentials: 422,
  credentials_missing: 400,
  too_many_password_attempts: 429,
  hashing_busy: 503,
  // Codes.
  code_missing: 400,
  code_malformed: 400,
  code_wrong: 422,
  code_expired: 422,
  code_used: 422,
  code_attempts_exhausted: 422,
  factor_paused: 429,
  factor_disabled: 403,
  factor_missing: 403,
  // Sending mail.
  resend_too_soon: 429,
  mail_limit_reached: 429,
  mail_refused: 422,
  // Addresses.
  address_missing: 400,
  address_malformed: 422,
  address_forbidden: 422,
  // Setting up.
  acknowledgement_missing: 400,
  device_name_too_long: 400,
  device_limit_reached: 422,
  // Changing enrolled factors.
  fresh_sign_in_needed: 403,
  change_expired: 422,
  changes_frozen: 403,
  address_frozen: 403,
  address_unchanged: 422,
  last_way: 422,
  factor_unknown: 404,
  reason_missing: 400,
  password_missing: 400,
  password_wrong: 422,
  passkey_refused: 422,
  passkey_unsupported: 422,
  recovery_code_malformed: 400,
  recovery_code_wrong: 422,
  // A notice's link.
  notice_link_invalid: 404,
  notice_link_expired: 410,
  // The support centre: requests by users …
  support_limit_reached: 429,
  too_many_visits: 429,
  setup_pass_missing: 400,
  setup_pass_malformed: 400,
  setup_pass_wrong: 422,
  setup_pass_expired: 422,
  setup_pass_used: 422,
  // … and work by staff.
  staff_role_missing: 403,
  staff_factor_needed: 403,
  search_limit_reached: 429,
  login_id_missing: 400,
  account_unknown: 422,
  account_disabled: 422,
  case_unknown: 404,
  case_changed: 409,
  case_closed: 409,
  case_without_account: 422,
  check_missing: 422,
  note_missing: 400,
  note_too_long: 400,
  note_holds_number: 422,
  desk_closed: 403,
  desk_own_case: 403,
  desk_already_approved: 409,
  desk_second_needed: 409,
  day_malformed: 400,
  day_too_soon: 422,
  day_name_missing: 400,
  day_name_too_long: 400,
  hours_malformed: 400,
  day_unknown: 404,
  // The interaction itself.
  interaction_expired: 400,
  interaction_foreign: 400,
  interaction_finished: 400,
  step_out_of_order: 409,
  form_token_invalid: 403,
  cross_site_request: 403,
  action_unknown: 400,
  // The server.
  bad_request: 400,
  not_found: 404,
  method_not_allowed: 405,
  unsupported_media_type: 415,
  request_too_large: 413,
  url_too_long: 414,
  headers_too_large: 431,
  request_timeout: 408,
  host_unknown: 421,
  temporarily_unavailable: 503,
  server_busy: 503,
  internal_error: 500,
  // The protocol (RFC 6749 and its family); the page explains, and the service's operator fixes it.
  service_request_invalid: 400,
  service_unknown: 400,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** An error with a stable code. `details` go to the log and, where a message names them, to the page. */
export class NijoError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;
  /** The HTTP status of this error. */
  readonly status: number;

  constructor(
    code: ErrorCode,
    details: Readonly<Record<string, string | number>> = {},
    options?: { cause?: unknown },
  ) {
    super(code, options);
    this.name = 'NijoError';
    this.code = code;
    this.details = details;
    this.status = errorStatus[code];
  }
}
