/* The page that documents the API: Swagger UI, with one box for the key in the place of its own.
 *
 * The key stays in the tab's sessionStorage. With it, examples of requests have ids of the caller's organization;
 * without, they say where to find them. Only requests to this service get the key.
 */
"use strict";
{
    const KEPT = "goalsvc-api-key";
    const PLACEHOLDERS = {
        organization: "<your organization's id: GET /api/v5/users/me>",
        goal: "<a goal's id: GET …/goals, or its page in the admin>",
        rooms: ["<a room's id: GET …/rooms>"],
    };
    const place = document.getElementById("swagger-ui");
    const form = document.getElementById("authorize");
    const forget = document.getElementById("forget");
    const caller = document.getElementById("caller");
    const invitation = caller.textContent;
    const {schema, api} = place.dataset;
    const dark = matchMedia("(prefers-color-scheme: dark)");

    function darken() {
        document.documentElement.classList.toggle("dark-mode", dark.matches);  // as Swagger UI's own style has it
    }

    /* People paste the whole header, or the word before the key. */
    function bare(text) {
        return text.trim().replace(/^authorization\s*:\s*/i, "").replace(/^(token|bearer)\s+/i, "").trim();
    }

    async function read(path, key) {
        const response = await fetch(path, {headers: {Accept: "application/json", Authorization: `Token ${key}`}, credentials: "omit"});
        const body = await response.json();
        if (!response.ok) {
            throw new Error(body.detail || `The service answered ${response.status}.`);
        }
        return body;
    }

    /* A list's rows; none where the caller may not see them. */
    async function rowsOf(path, key) {
        return read(path, key).then((page) => page.results, () => []);
    }

    /* For who may not see goals: the one that matched in the most rooms, since it counts in any posted one. */
    function goalAmong(matches) {
        const rooms = new Map();
        for (const match of matches) {
            rooms.set(match.goal_id, new Set([...rooms.get(match.goal_id) ?? [], ...match.rooms]));
        }
        return [...rooms.keys()].sort((one, other) => rooms.get(other).size - rooms.get(one).size)[0];
    }

    async function idsOf(user, key) {
        const own = api.replace(/users\/me$/, `orgs/${user.organization_id}`);
        const maySeeGoals = user.permissions.includes("settings");
        const [rooms, goals] = await Promise.all([
            rowsOf(`${own}/rooms?page_size=3`, key),
            maySeeGoals ? rowsOf(`${own}/goals?page_size=50`, key) : [],
        ]);
        const matches = goals.length ? [] : await rowsOf(`${own}/matches?page_size=200`, key);
        const goal = goals.find((each) => each.is_any_room_allowed)?.id ?? goals[0]?.id ?? goalAmong(matches);
        return {
            organization: user.organization_id,
            goal: goal ?? PLACEHOLDERS.goal,
            rooms: rooms.length ? rooms.map((room) => room.id) : PLACEHOLDERS.rooms,
        };
    }

    /* An example with these ids; an event in it happens now, and once. */
    function filled(value, ids, name) {
        if (Array.isArray(value)) {
            return name === "rooms" ? ids.rooms : value.map((each) => filled(each, ids));
        }
        if (typeof value === "object" && value !== null) {
            return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, ids, key)]));
        }
        const now = new Date();
        return {
            organization_id: ids.organization,
            goal_id: ids.goal,
            goal_matched_at: now.toISOString(),
            external_id: `example-${now.getTime()}`,
        }[name] ?? value;
    }

    function describe(description, ids, isAuthorized) {
        const made = JSON.parse(JSON.stringify(description));
        delete made.servers;  // this one, and no choice to make
        for (const operation of Object.values(made.paths).flatMap((path) => Object.values(path))) {
            for (const parameter of operation.parameters ?? []) {
                const id = {organization_id: ids.organization, goal_id: ids.goal, room_id: ids.rooms[0]}[parameter.name];
                if (parameter.in === "path" && id && isAuthorized && !id.startsWith("<")) {
                    parameter.example = id;
                }
            }
            for (const media of Object.values(operation.requestBody?.content ?? {})) {
                for (const example of Object.values(media.examples ?? {})) {
                    example.value = filled(example.value, ids);
                }
            }
        }
        return made;
    }

    /* What Swagger UI leaves without a name, or where the keyboard cannot get at what it cuts off. */
    function name() {
        const names = {
            "select.content-type, .content-type-wrapper select": "Media type",
            ".examples-select select, select.examples-select-element": "Example",
            "textarea.body-param__text": "Request body",
            "select": "Value",
        };
        for (const [selector, label] of Object.entries(names)) {
            place.querySelectorAll(selector).forEach((element) => {
                if (!element.hasAttribute("aria-label")) {
                    element.setAttribute("aria-label", label);
                }
            });
        }
        place.querySelectorAll("pre.microlight:not([tabindex])").forEach((element) => element.setAttribute("tabindex", "0"));
    }

    function say(text, isWrong = false) {
        caller.textContent = text;
        caller.classList.toggle("wrong", isWrong);
    }

    async function start() {
        const response = await fetch(schema, {headers: {Accept: "application/json"}, credentials: "omit"});
        const description = await response.json();
        const nothing = () => null;
        const ui = SwaggerUIBundle({
            spec: describe(description, PLACEHOLDERS, false),
            domNode: place,
            presets: [SwaggerUIBundle.presets.apis],
            plugins: [{wrapComponents: {AuthorizeBtnContainer: () => nothing, authorizeOperationBtn: () => nothing}}],
            layout: "BaseLayout",
            defaultModelsExpandDepth: 0,
            requestInterceptor: (request) => {
                const key = sessionStorage.getItem(KEPT);
                if (key && new URL(request.url, location.href).origin === location.origin) {
                    request.headers.Authorization = `Token ${key}`;
                }
                return request;
            },
        });

        async function authorize(key) {
            say("Asking whose key it is…");
            try {
                const user = await read(api, key);
                sessionStorage.setItem(KEPT, key);
                ui.specActions.updateSpec(JSON.stringify(describe(description, await idsOf(user, key), true)));
                const scopes = user.permissions.length ? `scopes ${user.permissions.join(", ")}` : "no scope";
                say(`This is the key of ${user.full_name || user.email}, ${user.organization?.name}, with ${scopes}. `
                    + "Examples have the ids of this organization.");
            } catch (error) {
                sessionStorage.removeItem(KEPT);
                say(`${error.message} Nothing was authorized.`, true);
            }
            forget.hidden = !sessionStorage.getItem(KEPT);
        }

        form.addEventListener("submit", (event) => {
            event.preventDefault();
            const key = bare(form.elements.key.value);
            form.elements.key.value = "";
            if (/^[\x21-\x7e]+$/.test(key)) {
                authorize(key);
            } else {
                say("A key is 40 letters and digits, without blanks. Paste it once more.", true);
            }
        });
        forget.addEventListener("click", () => {
            sessionStorage.removeItem(KEPT);
            forget.hidden = true;
            say(invitation);
            ui.specActions.updateSpec(JSON.stringify(describe(description, PLACEHOLDERS, false)));
            form.elements.key.focus();
        });
        form.hidden = false;
        const kept = sessionStorage.getItem(KEPT);
        if (kept) {
            authorize(kept);
        }
    }

    darken();
    new MutationObserver(name).observe(place, {childList: true, subtree: true});
    dark.addEventListener("change", darken);
    start();
}
