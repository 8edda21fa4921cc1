import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ServiceName } from '../login/ports.ts';
import type { OidcPages, OnwardForm } from './pages.ts';
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescape = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');

/** The form of the library's self-submitting page; undefined for any other answer. */
export function onwardFormOf(body: unknown): OnwardForm | undefined {
  if (typeof body !== 'string' || !body.includes('<title>Submitting Callback</title>')) return undefined;
  const action = /<form method="post" action="([^"]*)">/.exec(body)?.[1];
  if (action === undefined) return undefined;
  const fields = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)];
  return {
    action: unescape(action),
    fields: fields.map(([, name = '', value = '']) => ({ name: unescape(name), value: unescape(value) })),
  };
}

/**
 * The library answers `response_mode=form_post` with a bare English page that submits itself by inline
 * script. Our page replaces it: it is in the user's language, its form works without JavaScript, and it may
 * lead wherever the service redirects next. The status stays the library's.
 */
export async function replaceOnwardForm(
  ctx: KoaContextWithOIDC,
  pages: OidcPages,
  nameOf: (clientId: string) => Promise<ServiceName>,
): Promise<void> {
  const form = onwardFormOf(ctx.body);
  if (form === undefined) return;
  const { status } = ctx;
  const { client } = ctx.oidc;
  await pages.goOn(ctx, {
    ...form,
    ...(client === undefined ? {} : { service: await nameOf(client.clientId) }),
  });
  ctx.status = status;
}
