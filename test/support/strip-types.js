import { stripTypeScriptTypes } from 'node:module';

/** The transformer of the tests: types become spaces, so lines and columns stay what the editor shows. */
export default { process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }) };
