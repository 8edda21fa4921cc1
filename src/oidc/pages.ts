import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ServiceName } from '../login/ports.ts';
/**
 * Why a sign-out cannot lead back to the service: it is not registered (any more), what it sent along cannot be
 * checked, or its address is not among those registered.
 */
export type SignOutTrouble = 'service' | 'hint' | 'return';

/**
 * What the protocol needs to show a person. The web side implements it: each sets body, type and
 * whatever headers a page needs on the given context.
 */
export interface OidcPages {
  /**
   * A request of a service that cannot be answered by sending the browser back to it; `lost`: a login that this browser
   * cannot go on with, at which nothing is wrong with the service.
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
  /** Sends a form on by itself (`response_mode=form_post`), or by its button where there is no JavaScript. */
  goOn(ctx: KoaContextWithOIDC, model: OnwardForm & { service?: ServiceName }): Promise<void>;
  /** Says that the browser is signed out. */
  signedOut(
    ctx: KoaContextWithOIDC,
    model: { service?: ServiceName; trouble?: SignOutTrouble },
  ): Promise<void>;
}

/** A form that a page sends on without asking anything. */
export interface OnwardForm {
  /** Where it goes: the service's redirect URI, checked against its registration, or an address of ours. */
  action: string;
  fields: readonly { name: string; value: string }[];
}
