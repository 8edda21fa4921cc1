import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';

/**
 * Reads and compiles every template of some folders once, so that a render touches no file. A
 * template is known as `@name` after its file, and pages include parts the same way.
 */
export function compileTemplates(folders: readonly string[]): (name: string, values: object) => string {
  const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'], escapeFunction: escape });
  for (const folder of folders) {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.eta')) continue;
      eta.loadTemplate(`@${file.slice(0, -'.eta'.length)}`, readFileSync(join(folder, file), 'utf8'));
    }
  }
  return (name, values) => eta.render(`@${name}`, values);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes for text and quoted attributes; a value that is not there is a fault, not "undefined". */
function escape(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new TypeError(`a template wrote a value of type ${typeof value}`);
  }
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
