import { expect, test } from '@jest/globals';
import { createMetrics } from '../../src/observe/metrics.ts';

test('two nodes in one process count apart, and each shows its process', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.signIn('urn:nijo:acr:password', 'success');
  one.httpRequest('/interaction/:uid', 'POST', 303, 0.02);
  const text = await one.text();
  expect(text).toContain('nijo_sign_ins_total{acr="urn:nijo:acr:password",result="success"} 1');
  expect(text).toContain(
    'nijo_http_request_seconds_count{route="/interaction/:uid",method="POST",status="303"} 1',
  );
  expect(text).toContain('process_cpu_seconds_total');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(await other.text()).not.toContain('acr=');
});

test('whoever chooses a domain or a method makes no new series', async () => {
  const metrics = createMetrics();
  for (let i = 0; i < 500; i += 1) {
    metrics.mail.handOver(`d${i}.example`, 0.1);
    metrics.httpRequest('none', `M${i}`, 405, 0.001);
  }
  metrics.mail.handOver('gmail.com', 0.3);
  const text = await metrics.text();
  expect(text).toContain('nijo_mail_handover_seconds_count{domain="other"} 500');
  expect(text).toContain('nijo_mail_handover_seconds_count{domain="gmail.com"} 1');
  expect(text.match(/^nijo_http_request_seconds_count/gm)).toHaveLength(1);
});
