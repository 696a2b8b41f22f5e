// A SCIM 2.0 server (RFC 7643, RFC 7644) on the SCIMMY library, for Muster's tests and its lab: an in-memory store loaded from
// a folder of ListResponse files, behind a bearer token, on loopback only.
//
// Environment: SCIM_TOKEN the bearer token, SCIM_DUMP the folder (may be empty), SCIM_PORT the port (0: any free one).
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

// Store keeps resources in the order of arrival, which is the order of paging.
class Store {
    constructor(resources) {
        this.list = resources;
        this.byID = new Map(resources.map((r, i) => [r.id, i]));
        if (this.byID.size !== resources.length) throw new Error("the dump repeats an id");
    }

    get(id) {
        return this.list[this.byID.get(id)];
    }

    put(id, instance) {
        const now = new Date().toISOString();
        const old = this.get(id);
        const resource = {...instance, id, meta: {created: old?.meta?.created ?? now, lastModified: now}};
        if (old) this.list[this.byID.get(id)] = resource;
        else this.byID.set(id, this.list.push(resource) - 1);
        return resource;
    }

    delete(id) {
        this.list.splice(this.byID.get(id), 1);
        this.byID = new Map(this.list.map((r, i) => [r.id, i]));
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

const users = new Store(readList("Users.json"));
const groups = new Store(readList("Groups.json"));

// groupsOf is the read-only "groups" of a user (RFC 7643 section 4.1.2): direct memberships, from an index made when needed.
let index = null;
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
            index = null;
            return expand(store.put(resource.id ?? crypto.randomUUID(), JSON.parse(JSON.stringify(instance))));
        })
        .degress((resource) => {
            if (!store.get(resource.id)) throw missing(resource.id);
            index = null;
            store.delete(resource.id);
        });
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Schemas.User.definition.extend(muster, false);
serve(SCIMMY.Resources.User, users, (u) => ({...u, groups: groupsOf(u.id)}));
serve(SCIMMY.Resources.Group, groups, (g) => g);

const expected = crypto.createHash("sha256").update(`Bearer ${token}`).digest();
const app = express();
app.disable("x-powered-by");
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    baseUri: (req) => `http://${req.headers.host}`,
    handler: (req) => {
        const given = crypto.createHash("sha256").update(req.header("Authorization") ?? "").digest();
        if (!crypto.timingSafeEqual(given, expected)) throw new Error("Authorization is missing or wrong");
        return "";
    },
}));

const server = app.listen(Number(process.env.SCIM_PORT ?? 0), "127.0.0.1", () => {
    console.log(`ready ${server.address().port} ${users.list.length} ${groups.list.length}`);
});
server.on("error", (err) => {
    console.error(err.message);
    process.exit(1);
});
process.stdin.on("end", () => process.exit(0)).resume();
