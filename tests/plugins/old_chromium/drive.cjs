"use strict";
// Opens a page on disk in Chromium 90 and does what an editor does in the panel's frame: `node drive.cjs PANEL.html SHOT.png`.
// Every line of output is a step as JSON: {"step": name, …}; errors of scripts and of the console come as {"complaint": text}.

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const puppeteer = require("puppeteer-core");

const PACKED = require.resolve("chrome-aws-lambda/bin/chromium.br");
const PROGRAM = path.join(path.dirname(PACKED), "chromium-90");
const WAIT_MS = Number(process.env.OLD_WAIT_MS || 120000);

/** The program, unpacked once. Several processes may ask at once. */
function program() {
  if (!fs.existsSync(PROGRAM)) {
    const part = `${PROGRAM}.${process.pid}`;
    fs.writeFileSync(part, zlib.brotliDecompressSync(fs.readFileSync(PACKED)), { mode: 0o755 });
    fs.renameSync(part, PROGRAM);
  }
  return PROGRAM;
}

const tell = (step, more = {}) => process.stdout.write(`${JSON.stringify({ step, ...more })}\n`);

async function main([, , panel, picture]) {
  const args = ["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"];
  const browser = await puppeteer.launch({ executablePath: program(), headless: true, args: [...args, "--disable-site-isolation-trials"] });
  try {
    tell("browser", { version: await browser.version() });
    const page = await browser.newPage();
    await page.setViewport({ width: 460, height: 720 });
    page.on("pageerror", (error) => tell("complaint", { complaint: String(error) }));
    page.on("console", (message) => message.type() === "error" && tell("complaint", { complaint: message.text() }));
    await page.goto(panel);
    tell("opened", { frames: page.frames().map((one) => one.url()) });
    const frame = await framed(page);
    const text = (wanted) =>
      frame.waitForFunction((words) => document.body && document.body.innerText.includes(words), { timeout: WAIT_MS }, wanted);
    const press = async (words) => {
      const handle = await frame.waitForFunction(
        (name) =>
          [...document.querySelectorAll("button")].find((one) => one.innerText.trim() === name && !one.disabled && one.offsetParent),
        { timeout: WAIT_MS },
        words,
      );
      await handle.evaluate((button) => button.click());
    };
    await text("Cut 3");
    tell("selected");
    await choose(frame, "Old dialogue", "Mute its whole track");
    tell("chosen");
    await press("Render");
    const seen = await frame.waitForFunction(
      () => (document.querySelector("progress, [role=progressbar]") ? "bar" : null),
      { timeout: WAIT_MS, polling: "mutation" },
    );
    tell("progress", { seen: await seen.jsonValue() });
    await press("Place");
    await text("Placed on track V2.");
    tell("placed");
    await page.screenshot({ path: picture });
  } catch (problem) {
    tell("failed", { problem: String(problem && problem.stack) });
    process.exitCode = 1;
  } finally {
    browser.process().kill("SIGKILL");
  }
}

/** The frame with the server's page, once it is there. */
async function framed(page) {
  for (let left = WAIT_MS; left > 0; left -= 100) {
    const found = page.frames().find((one) => one.url().startsWith("http"));
    if (found) return found;
    await page.waitForTimeout(100);
  }
  throw new Error("the frame stayed empty");
}

/** Picks an option of a list by its label and words, as somebody at the keyboard would. */
async function choose(frame, label, words) {
  await frame.waitForFunction(
    (name) => [...document.querySelectorAll("label")].some((one) => one.innerText.includes(name)),
    { timeout: WAIT_MS },
    label,
  );
  await frame.evaluate(
    (name, wanted) => {
      const owner = [...document.querySelectorAll("label")].find((one) => one.innerText.includes(name));
      const list = owner.control || owner.querySelector("select");
      list.value = [...list.options].find((one) => one.text === wanted).value;
      list.dispatchEvent(new Event("change", { bubbles: true }));
    },
    label,
    words,
  );
}

main(process.argv).catch((problem) => {
  tell("failed", { problem: String(problem && problem.stack) });
  process.exitCode = 1;
});
