import assert from "node:assert/strict";
import { test } from "node:test";

import { makeAddresses } from "../../server/web/client/addresses.js";

/** Addresses that the test signs, and what was asked for. */
function signing({ lifeS = 3600, session = () => "s" } = {}) {
  const asked = [];
  const ask = async (paths) => {
    asked.push(paths);
    return { addresses: paths.map((path) => `${path}?by=${session()}`), life_s: lifeS };
  };
  return { asked, addresses: makeAddresses(ask, session) };
}

test("what is wanted in one moment is asked for at once, and each path once", async () => {
  const { asked, addresses } = signing();
  const many = Array.from({ length: 250 }, (_, k) => `/takes/${k}`);
  const got = await Promise.all([...many, "/takes/0"].map(addresses.get));
  assert.deepEqual(
    asked.map((paths) => paths.length),
    [200, 50],
  );
  assert.equal(got[0], got[250]);
  assert.equal(got[249], "/takes/249?by=s");
});

test("an address is kept as long as it opens", async () => {
  const long = signing();
  assert.equal(long.addresses.known("/a"), null);
  await long.addresses.get("/a");
  assert.equal(long.addresses.known("/a"), "/a?by=s");
  await long.addresses.get("/a");
  assert.equal(long.asked.length, 1);
  const short = signing({ lifeS: 60 });
  await short.addresses.get("/a");
  assert.equal(short.addresses.known("/a"), null);
});

test("an address ends while the machine sleeps, when only the clock on the wall goes on", async (t) => {
  let now = 1_000_000_000_000;
  t.mock.method(Date, "now", () => now);
  const { asked, addresses } = signing();
  await addresses.get("/a");
  now += 2 * 3600 * 1000;
  assert.equal(addresses.known("/a"), null);
  assert.equal(addresses.renew("/a", "/a?by=s"), true);
  await addresses.get("/a");
  assert.equal(asked.length, 2);
});

test("an address that fails is asked for once more, and then given up", async () => {
  const { asked, addresses } = signing();
  for (const path of ["/a", "/b"]) {
    const first = await addresses.get(path);
    assert.equal(addresses.renew(path, first), true);
    assert.equal(addresses.known(path), null);
    assert.equal(addresses.renew(path, first), true, "of another view of the same file, which joins the asking");
    const [second, joined] = await Promise.all([addresses.get(path), addresses.get(path)]);
    assert.equal(second, joined);
    assert.notEqual(second, first, "the browser must load anew, although the server may sign the same address");
    assert.equal(second.split("#")[0], `${path}?by=s`);
    assert.equal(addresses.renew(path, first), true, "a view that is late takes the second one");
    assert.equal(addresses.known(path), second);
    assert.equal(addresses.renew(path, second), false);
  }
  assert.deepEqual(asked, [["/a"], ["/a"], ["/b"], ["/b"]]);
});

test("what was given up is asked for again when its address has ended", async (t) => {
  let now = 1_000_000_000_000;
  t.mock.method(Date, "now", () => now);
  const { addresses } = signing();
  addresses.renew("/a", await addresses.get("/a"));
  const second = await addresses.get("/a");
  assert.equal(addresses.renew("/a", second), false);
  now += 3600 * 1000;
  assert.equal(addresses.renew("/a", second), true);
  assert.equal(await addresses.get("/a"), "/a?by=s");
});

test("after a new sign-in the addresses of before are forgotten", async () => {
  let session = "one";
  const { addresses } = signing({ session: () => session });
  await addresses.get("/a");
  session = "two";
  assert.equal(addresses.known("/a"), null);
  assert.equal(await addresses.get("/a"), "/a?by=two");
});

test("who could not be told asks again", async () => {
  let fails = true;
  const addresses = makeAddresses(
    async (paths) => {
      if (fails) throw new Error("away");
      return { addresses: paths, life_s: 3600 };
    },
    () => "s",
  );
  await assert.rejects(addresses.get("/a"), /away/);
  fails = false;
  assert.equal(await addresses.get("/a"), "/a");
});

test("addresses that come with a list need no asking; one without a file has none", async () => {
  const { asked, addresses } = signing();
  addresses.keep(["/a", "/b"], { addresses: ["/a?came", ""], life_s: 3600 });
  assert.equal(addresses.known("/a"), "/a?came");
  assert.equal(addresses.known("/b"), null);
  addresses.keep(["/a"], { addresses: ["/a?newer"], life_s: 3600 });
  assert.equal(addresses.known("/a"), "/a?came", "a picture that is shown is not fetched again");
  assert.deepEqual(asked, []);
});
