import type { RequestListener, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';

/** What the internal port reports: of one process, or of several together. */
export interface InternalSource {
  ready: () => boolean | Promise<boolean>;
  /** In Prometheus's text format. */
  metrics: () => Promise<string>;
}

/** Health and metrics on a separate port, which no proxy publishes. */
export function internalHandler({ ready, metrics }: InternalSource): RequestListener {
  return (request, response) => {
    switch (request.url) {
      case '/health/live':
        response.end('live\n');
        return;
      case '/health/ready':
        void answerReady(response, ready);
        return;
      case '/metrics':
        metrics().then(
          (text) => {
            response.setHeader('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE);
            response.end(text);
          },
          () => {
            response.statusCode = 500;
            response.end();
          },
        );
        return;
      default:
        response.statusCode = 404;
        response.end();
    }
  };
}

async function answerReady(response: ServerResponse, ready: InternalSource['ready']): Promise<void> {
  const yes = await ready();
  response.statusCode = yes ? 200 : 503;
  response.end(yes ? 'ready\n' : 'not ready\n');
}
