// oidc-provider greets every Node release that is not named LTS yet; in each test file that loads it
// the line would hide what a test has to say.
const { warn } = console;
console.warn = (...words) => {
  if (!String(words[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...words);
};
