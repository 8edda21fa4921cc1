import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Asset {
  body: Buffer;
  type: string;
}

/** The URLs of the files that every page links to. */
export interface AssetUrls {
  css: string;
  js: string;
  icon: string;
}

export interface Assets {
  urls: AssetUrls;
  /** The file at a request's path; its URL changes with its content, so it can be cached for ever. */
  find(path: string): Asset | undefined;
}

/** Reads the files once, at start: later changes on disk do not affect what a sign-in page runs. */
export function loadAssets(folder: string): Assets {
  const byPath = new Map<string, Asset>();
  const load = (name: string, extension: string, type: string): string => {
    const body = readFileSync(join(folder, `${name}.${extension}`));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const path = `/assets/${name}.${hash}.${extension}`;
    byPath.set(path, { body, type });
    return path;
  };
  const urls = {
    css: load('nijo', 'css', 'text/css; charset=utf-8'),
    js: load('nijo', 'js', 'text/javascript; charset=utf-8'),
    icon: load('nijo', 'svg', 'image/svg+xml'),
  };
  return { urls, find: (path) => byPath.get(path) };
}
