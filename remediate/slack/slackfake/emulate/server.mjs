// The Slack emulator of the npm package emulate, on loopback only, for the test that compares Muster's fake with it. It holds a team, the
// users ada and bot, and the channel access-reviews, of which the bot is a member. Prints "ready PORT TOKEN" once it listens, and ends
// when its standard input is closed, so that it never outlives its parent.
import crypto from "node:crypto";
import net from "node:net";
import {createEmulator} from "emulate";

// freePort finds a port that was free a moment ago; the emulator cannot choose one itself.
function freePort() {
    return new Promise((resolve, reject) => {
        const probe = net.createServer();
        probe.on("error", reject);
        probe.listen(0, "127.0.0.1", () => {
            const {port} = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

const port = await freePort();
const token = "xoxb-" + crypto.randomBytes(12).toString("hex");
await createEmulator({
    service: "slack", port, hostname: "127.0.0.1", baseUrl: `http://127.0.0.1:${port}`,
    seed: {slack: {
        team: {name: "Acme", domain: "acme"},
        users: [{name: "bot", real_name: "Bot", is_bot: true}, {name: "ada", real_name: "Ada Moss", email: "ada@acme.example"}],
        channels: [{name: "access-reviews"}],
        tokens: [{token, user: "bot", type: "bot"}],
    }},
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
console.log(`ready ${port} ${token}`);
