"use strict";
// What styles alone cannot do on the admin's pages; each works without it.

// Filters fold away where they would stand over the list (admin.css has the same width).
for (const filters of document.querySelectorAll("details.filters")) {
    filters.open = !matchMedia("(max-width: 1024px)").matches;
}

// A box with a search inside (Select2) replaces a field: it takes the name of the field's label.
addEventListener("load", () => {
    for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
        const box = field.parentElement.querySelector("[role=combobox]");
        const label = field.labels[0];
        if (box && label) {
            label.id ||= `label_of_${field.id}`;
            box.setAttribute("aria-labelledby", `${label.id} ${box.getAttribute("aria-labelledby")}`);
        }
    }
});
