import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ServiceName } from '../login/ports.ts';
/**
 * Why a sign-out cannot lead back to the service: the service is not registered (any more), its hint cannot
 * be verified, or the return address is not registered.
 */
export type SignOutTrouble = 'service' | 'hint' | 'return';

/**
 * The pages that the protocol needs. The web side implements them: each sets the body, the type and the
 * headers of the given context.
 */
export interface OidcPages {
  /**
   * A service's request that cannot be answered by redirecting to the service. `lost`: this browser cannot
   * resume the login, and the service is not at fault.
   */
  error(
    ctx: KoaContextWithOIDC,
    fault: { error: string; description: string; status: number; lost?: boolean; tryAgain?: string },
  ): Promise<void>;
  /**
   * Asks whether to sign out (C36). The page posts `xsrf`, and with `logout=yes` the session ends:
   * `<form method="post" action="{formAction}"><input type="hidden" name="xsrf">` and
   * `<button name="logout" value="yes">`.
   */
  signOut(
    ctx: KoaContextWithOIDC,
    model: { formAction: string; xsrf: string; service?: ServiceName; trouble?: SignOutTrouble },
  ): Promise<void>;
  /** Submits a form by itself (`response_mode=form_post`), or by its button without JavaScript. */
  goOn(ctx: KoaContextWithOIDC, model: OnwardForm & { service?: ServiceName }): Promise<void>;
  /** Says that the browser is signed out. */
  signedOut(
    ctx: KoaContextWithOIDC,
    model: { service?: ServiceName; trouble?: SignOutTrouble },
  ): Promise<void>;
}

/** A form that a page submits without asking the user. */
export interface OnwardForm {
  /** Its target: the service's redirect URI, checked against its registration, or an address of ours. */
  action: string;
  fields: readonly { name: string; value: string }[];
}
