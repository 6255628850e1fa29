import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether there is a Chromium to test with. Tests that need it are skipped without it, and say so; CI fails instead. */
export const hasChromium = existsSync(executablePath);

if (!hasChromium) {
  const message = `No Chromium at ${executablePath}: tests in a real browser need it. Install it (Debian: chromium), or set CHROMIUM.`;
  if (process.env.CI) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
}

/** Starts a headless Chromium that talks to nobody but the page's own server. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
