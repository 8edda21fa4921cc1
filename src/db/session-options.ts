/**
 * What every session of ours is to have: a plan for any parameters is as good as one for these, and need not be
 * made again; and compiling a plan (JIT, on in a stock Postgres) costs more than any statement of ours takes (S12).
 */
const ours: Readonly<Record<string, string>> = { plan_cache_mode: 'force_generic_plan', jit: 'off' };

const inUrl = /([?&])options=([^&]*)(&|$)/;

/**
 * The address of a database without `options`, and the options for the session: ours, then those of the address.
 * Left in the address they would replace ours.
 */
export function sessionOptions(url: string | undefined): { url: string | undefined; options: string } {
  const own = Object.entries(ours).map(([name, value]) => `-c ${name}=${value}`);
  const [found, before = '', given = '', after = ''] = inUrl.exec(url ?? '') ?? [];
  if (url === undefined || found === undefined) return { url, options: own.join(' ') };
  const rest = url.replace(inUrl, after === '' ? '' : before);
  return { url: rest, options: [...own, decodeURIComponent(given.replaceAll('+', ' '))].join(' ') };
}
