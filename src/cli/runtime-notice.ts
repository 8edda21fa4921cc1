const notice = 'oidc-provider WARNING: Unsupported runtime';

/**
 * Loads a module that imports oidc-provider, without the warning that it prints on every Node release
 * that is not LTS yet. Nijo pins its Node and is tested on it; an operator could do nothing about it.
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
