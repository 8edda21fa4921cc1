import type { Router } from '@koa/router';
import { maskLoginId } from '../accounts/login-id.ts';
import { NijoError } from '../base/errors.ts';
import { type NotMe, reachesAccount } from '../factors/notices/not-me.ts';
import type { NoticeLink } from '../factors/notices/links.ts';
import type { Opening } from '../i18n/opening.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type BrowserBinding, readForm } from '../web/forms.ts';
import type { Language } from '../web/language.ts';
import { createPageRouter } from '../web/page-router.ts';
import type { Responder } from '../web/respond.ts';
import { openingShown } from '../pages/support.ts';
import { type CountVisit, limitVisits } from '../web/visits.ts';
import { formatTime } from '../i18n/times.ts';

export interface NotMeDependencies {
  notMe: NotMe;
  responder: Responder;
  language: Language;
  browsers: BrowserBinding;
  countVisit: CountVisit;
  timeZone: string;
  /** When the support centre is open (R51). */
  opening(): Promise<Opening>;
  /** Whether the support centre has an address for notifications. */
  centreTold: boolean;
}

// Without the token: the cookies that remember the language apply to every such page.
const folder = '/not-me';

/**
 * The page behind the link "this was not me" of a mail (D11). It needs no login, and signs nobody in.
 * Mail scanners open every link: GET and HEAD show the page and change nothing (R38); only its own
 * form acts, when sent by the browser that was shown the page.
 */
export function notMeRoutes(dependencies: NotMeDependencies): Router<NijoState> {
  const { notMe } = dependencies;
  const router = createPageRouter();
  const path = `${folder}/:token`;

  // A user with a link from us is not a stranger, and may be in a hurry.
  const bounded = limitVisits(dependencies.countVisit, (ctx) => {
    const token = String(ctx.params.token);
    return notMe.isOurs(token) ? token : undefined;
  });
  router.get(path, bounded, async (ctx) => {
    const token = tokenOf(ctx.params.token);
    await show(dependencies, ctx, token, await notMe.find(token));
  });

  router.post(path, bounded, async (ctx) => {
    const token = tokenOf(ctx.params.token);
    const form = readForm(ctx);
    const link = await notMe.find(token);
    const present = dependencies.browsers.read(ctx);
    dependencies.browsers.check(present, purposeOf(token), form.get('csrf'));
    if (form.get('action') !== 'continue') throw new NijoError('action_unknown');
    await notMe.act(token, ctx.state.origin, localeOf(dependencies, ctx, link));
    // The link itself shows its present state: reloading sends nothing twice.
    ctx.redirect(`${folder}/${token}`);
    ctx.status = 303;
  });
  return router;
}

/** @throws NijoError `notice_link_invalid` for a malformed token. */
function tokenOf(parameter: unknown): string {
  if (typeof parameter !== 'string' || !/^[\w-]{1,64}$/.test(parameter))
    throw new NijoError('notice_link_invalid');
  return parameter;
}

function purposeOf(token: string): string {
  return `not-me:${token}`;
}

function localeOf(dependencies: NotMeDependencies, ctx: NijoContext, link: NoticeLink): 'en' | 'ja' {
  return dependencies.language.of(ctx, { profile: link.locale, path: folder });
}

async function show(
  dependencies: NotMeDependencies,
  ctx: NijoContext,
  token: string,
  link: NoticeLink,
): Promise<void> {
  const { responder, browsers, timeZone, centreTold } = dependencies;
  const locale = localeOf(dependencies, ctx, link);
  const loginId = maskLoginId(link.loginId);
  const reach = reachesAccount(link) ? 'account' : 'code';
  const chrome = { locale, url: ctx.path, languageToggle: 'link' } as const;
  if (link.used) {
    const opening = openingShown(await dependencies.opening(), locale);
    responder.page(ctx, 'not-me-done', { loginId, reach, frozen: link.frozen, opening }, chrome);
    return;
  }
  const model = {
    loginId,
    about: `mail.notice.${link.event}.title`,
    at: formatTime(link.createdAt, locale, timeZone),
    reach,
    centreTold,
  } as const;
  const formToken = browsers.token(browsers.ensure(ctx), purposeOf(token));
  responder.page(ctx, 'not-me', model, { ...chrome, formToken });
}
