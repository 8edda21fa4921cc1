import { readFileSync } from 'node:fs';

/** The steps of a Dockerfile as far as this product's own uses them. */
export interface DockerSteps {
  from: string[];
  user: string | undefined;
  /** Paths copied from the source, in order. */
  copied: string[];
  run: string[];
  command: string[];
  healthCheck: string[];
  environment: Record<string, string>;
}

/** Reads a Dockerfile: continued lines, `COPY` without flags, and the JSON forms of `CMD`. */
export function readDockerfile(file: string): DockerSteps {
  const steps: DockerSteps = {
    from: [],
    user: undefined,
    copied: [],
    run: [],
    command: [],
    healthCheck: [],
    environment: {},
  };
  const lines = readFileSync(file, 'utf8')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  for (const line of lines) {
    const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'FROM') steps.from.push(rest.split(' ')[0] ?? '');
    else if (instruction === 'USER') steps.user = rest;
    else if (instruction === 'COPY' && !rest.startsWith('--'))
      steps.copied.push(...rest.split(/\s+/).slice(0, -1));
    else if (instruction === 'RUN') steps.run.push(rest);
    else if (instruction === 'CMD') steps.command = JSON.parse(rest) as string[];
    else if (instruction === 'HEALTHCHECK')
      steps.healthCheck = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
    else if (instruction === 'ENV') {
      const [name = '', value = ''] = rest.split('=');
      steps.environment[name] = value;
    }
  }
  return steps;
}
