import type { RequestListener } from 'node:http';
import type { Metrics } from './metrics.ts';

/** Health and metrics on a port of their own, which no proxy publishes. */
export function internalHandler(metrics: Metrics, ready: () => boolean): RequestListener {
  return (request, response) => {
    switch (request.url) {
      case '/health/live':
        response.end('live\n');
        return;
      case '/health/ready':
        response.statusCode = ready() ? 200 : 503;
        response.end(ready() ? 'ready\n' : 'not ready\n');
        return;
      case '/metrics':
        metrics.text().then(
          (text) => {
            response.setHeader('Content-Type', metrics.contentType);
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
