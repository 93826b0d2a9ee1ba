/* Rows for a goal's conditions, over the field that has them as JSON (goals.forms.ConditionsWidget).
 *
 * The field stays what is sent: each change of a row is written into it. What types there are, and what each
 * takes, is in its `data-declared` (goals.condition_types.describe_types); what the service has found at fault,
 * by the condition's index, is in `data-faults`. A condition of an unknown type, and settings that no field here
 * can show, stay as they are.
 */
"use strict";
{
    const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    const WORKING_HOURS = {days: [1, 2, 3, 4, 5], from: "09:00", to: "17:00"};

    /* An attribute that is a function listens to the event of its name. */
    function make(tag, attributes = {}, ...children) {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (typeof value === "function") {
                made.addEventListener(name, value);
            } else if (value !== false && value !== undefined) {
                made.setAttribute(name, value === true ? "" : value);
            }
        }
        made.append(...children);
        return made;
    }

    function isObject(value) {
        return typeof value === "object" && value !== null && !Array.isArray(value);
    }

    /* Null where it is no list, or has a number that JavaScript would change. */
    function parse(text) {
        try {
            const list = JSON.parse(text || "[]", (_, value) => {
                if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
                    throw new RangeError("too large");
                }
                return value;
            });
            return Array.isArray(list) ? list : null;
        } catch {
            return null;
        }
    }

    /* A schedule's hours, each with the days that have them; null for one that has more to it. The end of a day
       is 24:00 there, and 00:00 in a field. */
    function hoursOf(settings) {
        const {timezone = "", intervals = [], ...more} = settings;
        if (Object.keys(more).length || typeof timezone !== "string" || !Array.isArray(intervals)) {
            return null;
        }
        const lines = new Map();
        for (const each of intervals) {
            const day = isObject(each) ? each.start_day : 0;
            const [from, to] = ["start", "end"].map((edge) => {
                const parts = ["hour", "minute"].map((name) => each?.[`${edge}_${name}s`] ?? each?.[`${edge}_${name}`]);
                return parts.map((part) => String(part ?? "").padStart(2, "0")).join(":");
            });
            if (!DAYS[day - 1] || each.end_day !== day || !/^\d\d:\d\d$/.test(from) || !/^\d\d:\d\d$/.test(to)) {
                return null;
            }
            const line = lines.get(from + to) || {days: [], from, to: to === "24:00" ? "00:00" : to};
            line.days.push(day);
            lines.set(from + to, line);
        }
        return [...lines.values()];
    }

    function intervalsOf(lines) {
        const edge = (name, day, time) => {
            const [hour, minute] = time ? time.split(":") : [null, null];
            return {[`${name}_day`]: day, [`${name}_hour`]: hour, [`${name}_minute`]: minute,
                [`${name}_hours`]: hour && Number(hour), [`${name}_minutes`]: minute && Number(minute)};
        };
        return lines.flatMap(({days, from, to}) => [...days].sort().map((day) =>
            ({...edge("start", day, from), ...edge("end", day, to === "00:00" ? "24:00" : to)})));
    }

    function edit(field) {
        const {types, most, longest} = JSON.parse(field.dataset.declared);
        const typeOf = new Map(types.map((type) => [type.number, type]));
        const faults = JSON.parse(field.dataset.faults || "{}");
        const place = field.closest(".form-row");
        const list = make("div");
        const status = make("p", {role: "status", class: "visually-hidden"});
        const none = make("p", {}, "No condition: the goal matches only outside the web page.");
        const add = make("button", {type: "button", class: "button", click: addRow}, "Add a condition");
        const problem = make("p", {class: "fault", role: "alert", hidden: true});
        const toggle = make("button", {type: "button", class: "plain", click: () => show(list.hidden)});
        let rows = [];

        function save() {
            field.value = JSON.stringify(rows.map((row) => row.condition), null, 2);
        }

        function focusOn(index, selector) {
            list.children[index]?.querySelector(selector)?.focus();
        }

        function draw() {
            list.replaceChildren(...rows.map(drawRow));
            none.hidden = rows.length > 0;
            add.disabled = rows.length >= most;
        }

        function addRow() {
            rows.push({condition: {type: null, value: "", negate: false, settings: {}}, faults: []});
            save();
            draw();
            focusOn(rows.length - 1, "select");
        }

        function removeRow(index) {
            rows.splice(index, 1);
            save();
            draw();
            status.textContent = `Condition ${index + 1} was removed; ${rows.length} left.`;
            if (rows.length) {
                focusOn(Math.min(index, rows.length - 1), ".remove");
            } else {
                add.focus();
            }
        }

        function moveRow(index, step) {
            const to = index + step;
            [rows[index], rows[to]] = [rows[to], rows[index]];
            save();
            draw();
            status.textContent = `Condition ${index + 1} is now condition ${to + 1} of ${rows.length}.`;
            const way = step < 0 ? [".up", ".down"] : [".down", ".up"];
            focusOn(to, way.map((each) => `${each}:enabled`).find((each) => list.children[to].querySelector(each)));
        }

        function setType(row, index, number) {
            const {condition} = row;
            const before = typeOf.get(condition.type)?.form.kind;
            const {kind} = typeOf.get(number).form;
            condition.type = number;
            row.faults = [];
            if (kind !== before) {
                condition.value = "";
                condition.settings = kind === "schedule" ? {
                    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
                    intervals: intervalsOf([WORKING_HOURS]),
                } : {};
            }
            save();
            draw();
            focusOn(index, "select");
        }

        function drawRow(row, index) {
            const {condition} = row;
            const name = `condition ${index + 1}`;
            const id = `condition-${index + 1}`;
            const button = (label, mark, kind, click, disabled = false) =>
                make("button", {type: "button", class: kind, "aria-label": `${label} ${name}`, title: label, click, disabled}, mark);
            const type = isObject(condition) ? typeOf.get(condition.type) : undefined;
            const isKnown = type || (isObject(condition) && condition.type === null);
            const about = make("p", {class: "explanation", id: `${id}-about`}, type ? type.explanation : "");
            const wrong = row.faults.map((fault) => make("p", {class: "fault"}, fault));
            const item = make("div", {role: "group", "aria-label": name, class: wrong.length ? "condition wrong" : "condition"});
            item.append(make("span", {class: "number", "aria-hidden": "true"}, `${index + 1}.`));
            if (isKnown) {
                item.append(
                    make("label", {class: "not"}, make("input", {type: "checkbox", checked: Boolean(condition.negate),
                        "aria-label": `not: negate ${name}`, change: (event) => {
                            condition.negate = event.target.checked;
                            save();
                        }}), "not"),
                    typeField(condition, `Type of ${name}`, `${id}-about`, (number) => setType(row, index, number)),
                    make("div", {class: "value"}, type ? valueField(row, type, `Value of ${name}`, `${id}-about ${id}-wrong`) : ""),
                );
            } else {
                item.append(make("div", {class: "unknown"}, "Not known here; it stays as it is. ",
                    make("code", {}, JSON.stringify(condition))));
            }
            item.append(
                make("div", {class: "buttons"},
                    button("Move up", "↑", "up", () => moveRow(index, -1), index === 0),
                    button("Move down", "↓", "down", () => moveRow(index, 1), index === rows.length - 1),
                    button("Remove", "✕", "remove", () => removeRow(index))),
                about, make("div", {class: "faults", id: `${id}-wrong`}, ...wrong),
            );
            if (isKnown && type?.form.kind !== "schedule" && Object.keys(condition.settings ?? {}).length) {
                about.append(" Its settings stay as they are: ", make("code", {}, JSON.stringify(condition.settings)));
            }
            return item;
        }

        function typeField(condition, label, describedBy, choose) {
            const select = make("select", {class: "type", "aria-label": label, "aria-describedby": describedBy,
                change: () => choose(Number(select.value))});
            if (condition.type === null) {
                select.append(make("option", {value: "", selected: true, disabled: true}, "Choose a type…"));
            }
            for (const group of new Set(types.map((type) => type.group))) {
                const options = types.filter((type) => type.group === group).map((type) =>
                    make("option", {value: type.number, selected: type.number === condition.type}, type.name));
                select.append(make("optgroup", {label: group}, ...options));
            }
            return select;
        }

        function valueField(row, {form, is_value_required: required}, label, describedBy) {
            const {condition} = row;
            const value = condition.value ?? "";
            const set = (event) => {
                condition.value = event.target.value;
                save();
            };
            const attributes = {"aria-label": label, "aria-describedby": describedBy, required, maxlength: longest,
                "aria-invalid": row.faults.length > 0 && "true", input: set};
            if (form.kind === "schedule") {
                return scheduleField(condition, label);
            }
            if (form.kind === "choice") {
                const known = form.choices.map(([each]) => each);
                const others = known.includes(value) ? [] : [make("option", {value, selected: true}, value || "Choose…")];
                return make("select", {...attributes, maxlength: undefined}, ...others, ...form.choices.map(([each, title]) =>
                    make("option", {value: each, selected: each === value}, title)));
            }
            if (form.kind === "number") {
                const inputmode = form.pattern.includes("-") ? "text" : "decimal";
                const input = make("input", {...attributes, type: "text", inputmode, value, pattern: form.pattern, title: form.sentence});
                return make("span", {class: "amount"}, input, form.unit && ` ${form.unit}`);
            }
            if (form.kind === "none" && !value) {
                return make("span", {class: "nothing"}, "Takes no value.");
            }
            if (form.kind === "ids") {
                const clean = (text) => text.split(/[\s,;]+/).filter(Boolean).join(",");
                return make("textarea", {...attributes, rows: 2, placeholder: "Ids, one a line or with commas", input: (event) => {
                    condition.value = clean(event.target.value);
                    save();
                }}, String(value).split(",").join("\n"));
            }
            return make("textarea", {...attributes, rows: 1}, value);
        }

        function scheduleField(condition, label) {
            const lines = hoursOf(condition.settings ?? {});
            if (lines === null) {
                return make("div", {}, "Its schedule has more to it than fits here; it stays as it is. ",
                    make("code", {}, JSON.stringify(condition.settings)));
            }
            const zones = Intl.supportedValuesOf ? ["UTC", ...Intl.supportedValuesOf("timeZone")] : [];
            const box = make("div", {class: "schedule"});
            const zone = make("input", {type: "text", list: "time-zones", value: condition.settings.timezone ?? "", input: write});
            function write() {
                condition.settings = {timezone: zone.value.trim(), intervals: intervalsOf(lines)};
                save();
            }
            function fill() {
                box.replaceChildren(
                    ...lines.map((line, index) => make("fieldset", {},
                        make("legend", {class: "visually-hidden"}, `${label}, hours ${index + 1}`),
                        make("div", {class: "days"}, ...DAYS.map((day, number) => make("label", {}, make("input", {
                            type: "checkbox", "aria-label": day, checked: line.days.includes(number + 1), change: (event) => {
                                line.days = line.days.filter((each) => each !== number + 1);
                                line.days.push(...(event.target.checked ? [number + 1] : []));
                                write();
                            }}), day.slice(0, 2)))),
                        ...["from", "to"].map((edge) => make("label", {}, `${edge} `, make("input", {
                            type: "time", value: line[edge], input: (event) => {
                                line[edge] = event.target.value;
                                write();
                            }}))),
                        make("button", {type: "button", class: "plain", "aria-label": `Remove hours ${index + 1}`, click: () => {
                            lines.splice(index, 1);
                            write();
                            fill();
                            box.querySelector(".more").focus();
                        }}, "Remove"))),
                    make("button", {type: "button", class: "plain more", click: () => {
                        lines.push({days: [], from: "09:00", to: "17:00"});
                        fill();
                        [...box.querySelectorAll("fieldset")].pop().querySelector("input").focus();
                    }}, "Add hours"),
                    make("label", {class: "zone"}, "Time zone ", zone,
                        make("datalist", {id: "time-zones"}, ...zones.map((value) => make("option", {value})))));
            }
            fill();
            return box;
        }

        /* Show the rows, or the JSON: also where rows cannot show what it says. */
        function show(asRows) {
            const conditions = asRows ? parse(field.value) : null;
            const canBeRows = conditions !== null && conditions.length <= most;
            problem.hidden = !asRows || canBeRows;
            problem.textContent = `Rows cannot show this text: it is no list of at most ${most} conditions in JSON, or has `
                + "a number with too many digits. Mend it here; when you save, you are told what is wrong where.";
            if (canBeRows) {
                rows = conditions.map((condition, index) => ({condition, faults: faults[index] ?? []}));
                draw();
            }
            place.classList.toggle("has-rows", canBeRows);
            for (const element of [list, add]) {
                element.hidden = !canBeRows;
            }
            none.hidden = !canBeRows || rows.length > 0;
            toggle.textContent = canBeRows ? "Edit as JSON" : "Edit as rows";
        }

        field.addEventListener("input", () => Object.keys(faults).forEach((index) => delete faults[index]));
        place.append(make("div", {class: "conditions"}, problem, list, none, make("div", {class: "below"}, add, toggle), status));
        show(true);
    }

    document.querySelectorAll("textarea[data-declared]").forEach(edit);
}
