// Whoever clicks in a mail wants the cart, not another button; programs that only look run no script.
document.querySelector("form[data-recover]")?.requestSubmit();
