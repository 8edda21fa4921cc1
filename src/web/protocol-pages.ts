import type Koa from 'koa';
import { NijoError } from '../base/errors.ts';
import type { Localised } from '../i18n/locale.ts';
import type { NijoContext } from './context.ts';
import type { Language } from './language.ts';
import { ownAddress, type Responder } from './respond.ts';

// The provider creates its own context from the same request: what our chain established before is read from
// the headers of the answer.
function adopt(ctx: Koa.Context): NijoContext {
  const requestId = ctx.res.getHeader('x-request-id');
  const adopted = ctx as unknown as NijoContext;
  adopted.state.origin = { requestId: typeof requestId === 'string' ? requestId : '', address: '', node: '' };
  adopted.state.formLeadsAway = false;
  return adopted;
}

/** Why a sign-out does not lead back to the service. */
type SignOutTrouble = 'service' | 'hint' | 'return';
const troubles = {
  service: 'signOut.trouble.service',
  hint: 'signOut.trouble.hint',
  return: 'signOut.trouble.return',
} as const;

/** The pages that the protocol endpoints show to people. */
export function createProtocolPages(options: { responder: Responder; language: Language }) {
  const { responder, language } = options;
  return {
    async error(
      context: Koa.Context,
      fault: { error: string; description: string; status: number; lost?: boolean; tryAgain?: string },
    ): Promise<void> {
      const ctx = adopt(context);
      const code = fault.lost === true ? 'interaction_expired' : codeOf(fault.error, fault.status);
      responder.error(ctx, new NijoError(code), {
        protocol: { error: fault.error, description: fault.description },
        ...(fault.tryAgain === undefined ? {} : { tryAgain: fault.tryAgain }),
      });
      ctx.status = fault.status;
    },
    async signOut(
      context: Koa.Context,
      model: { formAction: string; xsrf: string; service?: Localised; trouble?: SignOutTrouble },
    ): Promise<void> {
      const ctx = adopt(context);
      const locale = language.of(ctx);
      // The service's page after the sign-out may redirect anywhere.
      ctx.state.formLeadsAway = true;
      responder.page(
        ctx,
        'sign-out',
        {
          formAction: model.formAction,
          xsrf: model.xsrf,
          ...(model.trouble === undefined ? {} : { trouble: troubles[model.trouble] }),
        },
        {
          locale,
          url: ownAddress(ctx),
          languageToggle: 'link',
          ...(model.service === undefined ? {} : { service: model.service[locale] }),
        },
      );
    },
    async goOn(
      context: Koa.Context,
      model: {
        action: string;
        fields: readonly { name: string; value: string }[];
        service?: Localised;
      },
    ): Promise<void> {
      const ctx = adopt(context);
      const locale = language.of(ctx);
      ctx.state.formLeadsAway = true;
      responder.page(
        ctx,
        'continue',
        { formAction: model.action, fields: model.fields },
        {
          locale,
          url: ownAddress(ctx),
          languageToggle: 'link',
          ...(model.service === undefined ? {} : { service: model.service[locale] }),
        },
      );
    },
    async signedOut(
      context: Koa.Context,
      model: { service?: Localised; trouble?: SignOutTrouble },
    ): Promise<void> {
      const ctx = adopt(context);
      const locale = language.of(ctx);
      responder.page(
        ctx,
        'signed-out',
        model.trouble === undefined ? {} : { trouble: troubles[model.trouble] },
        {
          locale,
          url: ownAddress(ctx),
          languageToggle: 'link',
          ...(model.service === undefined ? {} : { service: model.service[locale] }),
        },
      );
    },
  };
}

function codeOf(error: string, status: number) {
  if (status === 503 || error === 'temporarily_unavailable') return 'temporarily_unavailable' as const;
  if (status >= 500) return 'internal_error' as const;
  if (error === 'invalid_client') return 'service_unknown' as const;
  // The library's error for a login whose cookie or record is gone.
  if (/session|interaction/.test(error)) return 'interaction_expired' as const;
  return 'service_request_invalid' as const;
}
