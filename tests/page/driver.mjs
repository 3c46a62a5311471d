// Chromium for the tests in tests/e2e/test_page.py: reads one JSON object a line, {"js": "…"}, runs it as the body of
// an async function of (page, seen, context) and answers one JSON line, {"value": …} or {"error": "…"}. Ends when its
// standard input does. `seen` is what the page did by itself: console errors, uncaught errors, requests elsewhere.
//
//   node driver.mjs '{"executable": "/usr/bin/chromium", "origin": "http://127.0.0.1:1", "context": {…}}'
import {createInterface} from 'node:readline';
import process from 'node:process';
import {chromium} from 'playwright-core';

const options = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: options.executable,
  // Root has no sandbox of its own; the page under test is ours.
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
const context = await browser.newContext(options.context);
const page = await context.newPage();
const seen = {errors: [], elsewhere: [], refused: [], bytes: 0};

page.on('console', (message) => {
  if (['error', 'warning'].includes(message.type())) seen.errors.push(message.text());
});
page.on('pageerror', (error) => seen.errors.push(String(error)));
page.on('request', (request) => {
  if (!request.url().startsWith(options.origin) && !request.url().startsWith('data:')) seen.elsewhere.push(request.url());
});
page.on('response', (response) => {
  if (response.status() >= 400) seen.refused.push(response.status() + ' ' + response.url());
});

const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({input: process.stdin})) {
  let answer;
  try {
    const run = new AsyncFunction('page', 'seen', 'context', JSON.parse(line).js);
    answer = {value: (await run(page, seen, context)) ?? null};
  } catch (error) {
    answer = {error: String(error.stack || error)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser.close();
