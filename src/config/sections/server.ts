import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { port } from './values.ts';

/** How the program listens, and which proxies it trusts about the address of a request (C26). */
export const serverSchema = z.strictObject({
  host: z.string().min(1).default('0.0.0.0'),
  port: port.default(3000),
  /** Health and metrics for monitoring; never published by the proxy. 0 switches it off. */
  internal_host: z.string().min(1).default('127.0.0.1'),
  internal_port: port.default(9464),
  /** Proxies whose X-Forwarded-For and -Proto are trusted: addresses or CIDR blocks. */
  trusted_proxies: z
    .array(
      z
        .string()
        .refine(
          (value) => ipaddr.isValid(value) || ipaddr.isValidCIDR(value),
          'is neither an address nor a CIDR block',
        ),
    )
    .default([]),
  /** Seconds during which `ready` answers 503 while the listener stays open, so that the balancer notices. */
  drain_seconds: z.number().min(0).max(60).default(5),
  /** Seconds after that for requests in flight. */
  shutdown_seconds: z.number().min(1).max(60).default(25),
  /** A node whose clock is further from the database's takes no logins. Smaller differences are corrected. */
  clock_limit_seconds: z.int().min(10).max(86_400).default(300),
  max_connections: z.int().min(10).default(10_000),
  /** This node's name in logs and audit; by default the host's name. */
  node_name: z.string().min(1).optional(),
});
