// A SCIM 2.0 server (RFC 7643, RFC 7644) on the SCIMMY library, for Muster's tests and its lab: an in-memory store loaded from
// a folder of ListResponse files, behind a bearer token, on loopback only.
//
// Environment: SCIM_TOKEN the bearer token, SCIM_DUMP the folder (may be empty), SCIM_PORT the port (0: any free one), SCIM_VERSIONS "1"
// for meta.version, ETag and If-Match, which the library leaves to its user, SCIM_ME the id of the user that the token is (may be empty).
// Prints "ready PORT USERS GROUPS" once it listens. It ends when its standard input is closed, so that it never outlives its
// parent.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const token = process.env.SCIM_TOKEN;
if (!token) throw new Error("SCIM_TOKEN is not set");

const {Attribute, SchemaDefinition} = SCIMMY.Types;
const muster = new SchemaDefinition("MusterUser", "urn:ietf:params:scim:schemas:extension:muster:2.0:User",
    "What Muster's demo organisation knows about a login", [
        new Attribute("dateTime", "lastLogin", {description: "When the user last logged in."}),
        new Attribute("boolean", "mfa", {description: "Whether a second factor is enrolled."}),
    ]);

// readList reads the resources of one ListResponse file; a missing file is an empty list.
function readList(name) {
    const file = path.join(process.env.SCIM_DUMP || "", name);
    if (!process.env.SCIM_DUMP || !fs.existsSync(file)) return [];
    return JSON.parse(fs.readFileSync(file, "utf8")).Resources ?? [];
}

// stamp is a time that no other change has, so that what was changed twice within a millisecond shows it.
let last = 0;
const stamp = () => new Date(last = Math.max(Date.now(), last + 1)).toISOString();

const versions = process.env.SCIM_VERSIONS === "1";
let version = 0;

// Store keeps resources in the order of arrival, which is the order of paging.
class Store {
    constructor(file) {
        this.file = file;
        this.load();
    }

    // load takes everything back to what the file says.
    load() {
        this.list = readList(this.file);
        if (versions) for (const r of this.list) r.meta = {...r.meta, version: `W/"${++version}"`};
        this.index();
    }

    index() {
        this.byID = new Map(this.list.map((r, i) => [r.id, i]));
        if (this.byID.size !== this.list.length) throw new Error("the dump repeats an id");
    }

    get(id) {
        return this.list[this.byID.get(id)];
    }

    put(id, instance) {
        const now = stamp();
        const old = this.get(id);
        const {groups, password, ...kept} = instance; // the one is computed, the other kept by nobody
        const resource = {...kept, id, meta: {created: old ? old.meta?.created : now, lastModified: now}};
        if (versions) resource.meta.version = `W/"${++version}"`;
        for (const name of ["members", "roles", "entitlements"]) { // a PATCH that adds what is there changes nothing (RFC 7644 section 3.5.2.1)
            const list = resource[name];
            if (list) resource[name] = list.filter((v, i) => list.findIndex((w) => w.value === v.value) === i);
        }
        if (old) this.list[this.byID.get(id)] = resource;
        else this.byID.set(id, this.list.push(resource) - 1);
        return resource;
    }

    delete(id) {
        this.list.splice(this.byID.get(id), 1);
        this.index();
    }

    // page answers a query. The library makes a schema instance of each item that it is given, so only the page's own
    // items are passed, in an array as long as the whole result: that length is totalResults. The library's slicing leaves
    // the items alone when pages are aligned; other queries get the whole result.
    page(resource, expand) {
        const {startIndex = 1, count, sortBy} = resource.constraints ?? {};
        const found = resource.filter ? resource.filter.match(this.list) : this.list;
        const start = Math.max(startIndex, 1) - 1;
        if (sortBy || !count || start % count !== 0) return found.map(expand);
        const page = new Array(found.length);
        for (let i = start; i < Math.min(start + count, found.length); i++) page[i] = expand(found[i]);
        return page;
    }
}

const users = new Store("Users.json");
const groups = new Store("Groups.json");

// groupsOf is the read-only "groups" of a user (RFC 7643 section 4.1.2): direct memberships, from an index made when needed.
let index = null;

// leave takes a deleted user out of the groups, as servers do that keep their references whole.
function leave(id) {
    for (const g of groups.list) {
        const rest = (g.members ?? []).filter((m) => m.value !== id);
        if (rest.length !== (g.members ?? []).length) groups.put(g.id, {...g, members: rest});
    }
}

// unique holds user names apart (RFC 7643 section 4.1.1: case does not count).
function unique(id, {userName}) {
    if (userName && users.list.some((u) => u.id !== id && u.userName.toLowerCase() === userName.toLowerCase())) {
        throw new SCIMMY.Types.Error(409, "uniqueness", `userName '${userName}' is taken`);
    }
}

function groupsOf(id) {
    if (!index) {
        index = new Map();
        for (const g of groups.list) {
            for (const m of g.members ?? []) {
                if (!index.has(m.value)) index.set(m.value, []);
                index.get(m.value).push({value: g.id, display: g.displayName, type: "direct"});
            }
        }
    }
    return index.get(id);
}

// serve declares one resource type over its store.
function serve(Type, store, expand) {
    const missing = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    SCIMMY.Resources.declare(Type)
        .egress((resource) => {
            if (!resource.id) return store.page(resource, expand);
            if (!store.get(resource.id)) throw missing(resource.id);
            return expand(store.get(resource.id));
        })
        .ingress((resource, instance) => {
            if (resource.id && !store.get(resource.id)) throw missing(resource.id);
            if (store === users) unique(resource.id, instance);
            index = null;
            return expand(store.put(resource.id ?? crypto.randomUUID(), JSON.parse(JSON.stringify(instance))));
        })
        .degress((resource) => {
            if (!store.get(resource.id)) throw missing(resource.id);
            index = null;
            store.delete(resource.id);
            if (store === users) leave(resource.id);
        });
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Schemas.User.definition.extend(muster, false);
serve(SCIMMY.Resources.User, users, (u) => ({...u, groups: groupsOf(u.id)}));
serve(SCIMMY.Resources.Group, groups, (g) => g);

const expected = crypto.createHash("sha256").update(`Bearer ${token}`).digest();
function authorised(req) {
    const given = crypto.createHash("sha256").update(req.header("Authorization") ?? "").digest();
    return crypto.timingSafeEqual(given, expected);
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

// canonical writes what is stored without change stamps: names sorted, nothing where there is nothing, lists of objects in a fixed order,
// because SCIM gives their order no meaning.
function canonical(value) {
    if (Array.isArray(value)) {
        const items = value.map(canonical).filter((v) => v !== undefined);
        if (items.some((v) => typeof v === "object")) items.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
        return items.length ? items : undefined;
    }
    if (typeof value === "string" && instant.test(value)) return new Date(value).toISOString(); // the library writes a moment its own way
    if (value === null || typeof value !== "object") return value ?? undefined;
    const pairs = Object.keys(value).sort().map((k) => [k, canonical(value[k])]).filter(([, v]) => v !== undefined);
    return pairs.length ? Object.fromEntries(pairs) : undefined;
}

const bare = ({meta, schemas, ...r}) => canonical({...r, meta: meta?.created && {created: meta.created}});
const byID = (a, b) => a.id < b.id ? -1 : 1;

const app = express();
app.disable("x-powered-by");

// The store itself, beside the library: GET gives it, POST takes it back to what was loaded.
app.all("/store", (req, res) => {
    if (!authorised(req)) return res.sendStatus(401);
    if (req.method === "POST") {
        for (const s of [users, groups]) s.load();
        index = null;
    }
    res.send(JSON.stringify({Users: users.list.map(bare).sort(byID), Groups: groups.list.map(bare).sort(byID)}, null, 1) + "\n");
});

// ETag and If-Match (RFC 7644 section 3.14).
if (versions) app.use("/scim/v2/:endpoint(Users|Groups)/:id", (req, res, next) => {
    const resource = (req.params.endpoint === "Users" ? users : groups).get(req.params.id);
    const match = req.header("If-Match");
    if (authorised(req) && resource && match && match !== "*" && match !== resource.meta.version) {
        return res.status(412).type("application/scim+json")
            .send(JSON.stringify(new SCIMMY.Messages.Error({status: 412, message: "the resource has another version"})));
    }
    if (req.method === "GET" && authorised(req) && resource) res.set("ETag", resource.meta.version);
    next();
});

app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    baseUri: (req) => `http://${req.headers.host}`,
    handler: (req) => {
        if (!authorised(req)) throw new Error("Authorization is missing or wrong");
        return process.env.SCIM_ME || null;
    },
}));
if (versions) SCIMMY.Config.set("etag", true);

const server = app.listen(Number(process.env.SCIM_PORT ?? 0), "127.0.0.1", () => {
    console.log(`ready ${server.address().port} ${users.list.length} ${groups.list.length}`);
});
server.on("error", (err) => {
    console.error(err.message);
    process.exit(1);
});
process.stdin.on("end", () => process.exit(0)).resume();
