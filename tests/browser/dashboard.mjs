// The dashboard in a real browser: live, with and without scripts, each page in both themes and at 360 px, with axe.
// By hand: `npm i --no-save playwright-core axe-core && CHROMIUM=chromium node tests/browser/dashboard.mjs target/debug/naive shots`

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const require = createRequire(join(process.cwd(), "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [program, shots] = [resolve(process.argv[2]), resolve(process.argv[3] ?? "shots")];
const home = mkdtempSync(join(tmpdir(), "naive-browser-"));
const env = { PATH: process.env.PATH, HOME: home, NAIVE_HOME: home, NAIVE_KEYRING: "off" };
const naive = (...words) =>
  JSON.parse(execFileSync(program, [...words, "--json"], { env, stdio: ["ignore", "pipe", "ignore"] })).result;
mkdirSync(shots, { recursive: true });

naive("users", "create", "--external-id", "alice", "--label", "<b>Alice</b>");
const order = (...words) => naive("trading", "order", "--symbol", "BTC/USD", "--side", "buy", ...words);
naive("trading", "connect", "--env", "paper", "--accept-disclosure");
order("--notional", "100");
const bot = naive("keys", "create", "--name", "bot", "--role", "agent").api_key;
const words = ["dashboard", "--addr", "127.0.0.1:0", "--no-browser", "--output", "jsonl"];
const server = spawn(program, words, { env, stdio: ["ignore", "pipe", "ignore"] });
const told = JSON.parse(await new Promise((done) => server.stdout.once("data", done)));
const origin = new URL(told.result.url).origin;

const ask = (title) =>
  fetch(`${origin}/v1/users/alice/approvals`, {
    method: "POST",
    headers: { Authorization: `Bearer ${bot}`, "Content-Type": "application/json" },
    body: JSON.stringify({ title, payload: { note: "<script>alert(1)</script>\u202e", parts: ["web", "worker"] } }),
  });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  const signedIn = async (options) => {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => assert.fail(error));
    await page.goto(naive("dashboard", "--no-browser").url);
    await page.waitForURL("**/dashboard");
    return page;
  };
  const page = await signedIn({ viewport: { width: 1180, height: 800 } });
  const status = (on) => on.locator(".heading .pill").innerText();

  // What is asked for appears by itself; a reason that is being written is not taken away.
  await ask("First");
  const card = page.locator("article.card", { hasText: "First" });
  await card.getByText("Deny…").click();
  await card.getByLabel("Reason").fill("not today");
  await ask("Second");
  await page.getByText("Something has changed").waitFor();
  assert.equal(await card.getByLabel("Reason").inputValue(), "not today");
  await card.getByRole("button", { name: "Deny" }).click();
  assert.equal(await status(page), "denied");

  const plain = await signedIn({ javaScriptEnabled: false });
  await plain.locator("article.card", { hasText: "Second" }).getByText("Approve").click();
  assert.equal(await status(plain), "executed");

  // A position is closed by two presses.
  await plain.goto(`${origin}/dashboard/trading`);
  await plain.getByRole("img", { name: "Equity over time" }).waitFor();
  await plain.getByText("Close…").click();
  await plain.getByRole("button", { name: "Close the position" }).click();
  await plain.getByText("The account holds nothing.").waitFor();

  await ask("Third");
  order("--notional", "100");
  order("--qty", "1", "--type", "limit", "--limit-price", "20");
  const kit = `/kits/${naive("account-kits", "list").account_kits[0].id}`;
  const trading = ["/trading", "/trading?user=alice", "/trading/authorize"];
  const paths = ["", "/history", "/connections", "/toolkits", ...trading, "/kits", kit, "/keys", "/logs"];
  let faults = 0;
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1180, 360]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      for (const path of paths) {
        await page.goto(`${origin}/dashboard${path}`);
        const name = path.replace(kit, "/kit").slice(1).replaceAll(/\W/g, "-") || "inbox";
        // What a press opens is looked at, too.
        await page.evaluate(() => document.querySelectorAll("main details").forEach((one) => (one.open = true)));
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert(!wide, `${path} is wider than ${width}`);
        await page.evaluate(`${axe}; 0`);
        const found = await page.evaluate(() => globalThis.axe.run());
        for (const one of found.violations) {
          faults += 1;
          console.log(path, colorScheme, width, one.impact, one.id, one.nodes[0].html);
        }
      }
    }
  }
  console.log(`${paths.length * 4} pages looked at, ${faults} faults`);
  process.exitCode = faults ? 1 : 0;
} finally {
  await browser.close();
  server.kill("SIGINT");
  await new Promise((done) => server.once("exit", done));
  rmSync(home, { recursive: true });
}
