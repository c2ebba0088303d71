// Firefox does the page's main flow over WebDriver BiDi: `node drive.mjs FIREFOX LINK VIDEO SPEECH SHOT.png`.
// Every line of output is a step as JSON: {"step": name, …}; errors of scripts and of the console come as {"complaint": text}.

import puppeteer from "puppeteer-core";

const [, , program, link, video, speech, picture] = process.argv;
const WAIT_MS = Number(process.env.FIREFOX_WAIT_MS || 120_000);
const tell = (step, more = {}) => process.stdout.write(`${JSON.stringify({ step, ...more })}\n`);

/** Waits until the page says something. */
const says = (page, words) => page.waitForFunction((wanted) => document.body?.textContent.includes(wanted), { timeout: WAIT_MS }, words);

/** Presses the button or link with just this name as soon as it can be pressed. */
async function press(page, name) {
  const found = await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll("button, a")].find(
        (one) => (one.getAttribute("aria-label") ?? one.textContent.trim()) === wanted && !one.disabled && one.offsetParent,
      ),
    { timeout: WAIT_MS },
    name,
  );
  await found.asElement().click();
}

async function main() {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: program, headless: true, protocol: "webDriverBiDi" });
  try {
    tell("browser", { version: await browser.version() });
    const page = await browser.newPage();
    await page.setViewport({ width: 1360, height: 860 });
    page.on("pageerror", (error) => tell("complaint", { complaint: String(error) }));
    page.on("console", (message) => message.type() === "error" && tell("complaint", { complaint: message.text() }));
    await page.goto(link);
    await says(page, "Live");
    tell("signed-in");
    for (const [panel, file] of [
      ["New speech", speech],
      ["Video", video],
    ]) {
      const field = await page.waitForSelector(`section[aria-label="${panel}"] input[type=file]`, { timeout: WAIT_MS });
      await field.uploadFile(file);
    }
    await says(page, "Face 1");
    await page.select("#settings-preset", "review");
    tell("chosen");
    await press(page, "Render");
    await page.waitForFunction(() => location.hash === "#/queue", { timeout: WAIT_MS });
    tell("started");
    await page.waitForFunction(() => document.querySelector("[data-job] .shot.done"), { timeout: WAIT_MS });
    await press(page, "Open the take");
    const frames = await page.waitForFunction(
      async () => {
        const player = document.querySelector("video.after");
        return player && player.readyState >= 2 ? player.videoWidth : 0;
      },
      { timeout: WAIT_MS },
    );
    tell("looked-at", { width: await frames.jsonValue() });
    await page.keyboard.press("End");
    await says(page, "frame 29 of 0–29");
    await page.keyboard.press("s");
    await page.waitForFunction(() => document.querySelector("#player-stage.side"), { timeout: WAIT_MS });
    tell("compared");
    if (picture) await page.screenshot({ path: picture });
    await page.goto(`${new URL(page.url()).origin}/#/results`);
    await page.waitForFunction(() => document.querySelector(".card img")?.naturalWidth > 0, { timeout: WAIT_MS });
    tell("found-again");
  } finally {
    await browser.close();
  }
}

main().catch((problem) => {
  tell("failed", { problem: String(problem?.stack ?? problem) });
  process.exitCode = 1;
});
