const notice = 'oidc-provider WARNING: Unsupported runtime';

/**
 * Loads what imports oidc-provider, without the line with which it greets every Node release that is
 * not named LTS yet. Nijo pins its Node and is tested on it; an operator could do nothing about it.
 */
export async function withoutRuntimeNotice<Module>(load: () => Promise<Module>): Promise<Module> {
  const warn = console.warn;
  console.warn = (...words: unknown[]) => {
    if (!words.some((word) => typeof word === 'string' && word.includes(notice))) warn(...words);
  };
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}
