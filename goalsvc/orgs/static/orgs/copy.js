"use strict";
// A button beside each text that people copy. Without it a click on the text selects all of it (admin.css).
for (const text of document.querySelectorAll(".copyable")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${text.dataset.name || "this"}`);
    const status = document.createElement("span");
    status.className = "copied";
    status.setAttribute("role", "status");
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(text.textContent.trim());
        } catch {  // without TLS there is no clipboard
            getSelection().selectAllChildren(text);
            document.execCommand("copy");
        }
        status.textContent = "Copied";
        setTimeout(() => { status.textContent = ""; }, 3000);
    });
    text.after(button, status);
}
