// Opens pages in Chromium and says what axe-core finds in them, and what they did: node check.mjs CHROMIUM PAGE...
// For each page one line of JSON: {page, violations, passes, requests, dialogs, errors, scripts, handlers}. Each page is looked at in light and
// dark, on a wide and a narrow screen. The pages' policy forbids scripts; axe is run from outside of it.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [executablePath, ...pages] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const page of pages) {
    const out = { page, violations: [], passes: 0, requests: [], dialogs: [], errors: [], scripts: 0, handlers: 0 };
    for (const [colorScheme, width] of [['light', 1400], ['dark', 1400], ['light', 360]]) {
      const tab = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      const url = pathToFileURL(page).href;
      tab.on('request', (r) => r.url() !== url && out.requests.push(r.url()));
      tab.on('dialog', (d) => { out.dialogs.push(d.message()); d.dismiss(); });
      tab.on('console', (m) => m.type() === 'error' && out.errors.push(m.text()));
      tab.on('pageerror', (e) => out.errors.push(String(e)));
      await tab.goto(url);
      const found = await tab.evaluate(() => ({
        scripts: document.scripts.length + document.querySelectorAll('iframe,object,embed,form,base,link,img').length,
        handlers: [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]).filter((a) => /^on|^style$/i.test(a.name) || /javascript:/i.test(a.value)).length,
        wide: document.documentElement.scrollWidth > document.documentElement.clientWidth + 1,
      }));
      out.scripts += found.scripts;
      out.handlers += found.handlers;
      if (found.wide) out.violations.push(`${colorScheme} ${width}: the page scrolls sideways`);
      for (const d of await tab.$$('details')) await d.evaluate((e) => { e.open = true; });
      await tab.evaluate(axe);
      const result = await tab.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
      out.passes += result.passes.length;
      for (const v of result.violations) {
        out.violations.push(`${colorScheme} ${width}: ${v.id}: ${v.help}: ${v.nodes.length} places, first ${v.nodes[0].html.slice(0, 200)}`);
      }
      await tab.close();
    }
    console.log(JSON.stringify(out));
  }
} finally {
  await browser.close();
}
