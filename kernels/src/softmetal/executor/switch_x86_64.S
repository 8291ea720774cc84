# void softmetal_switch(void **save, void *to): leaves one fiber and continues another.
# Saves what a call must preserve and no more. It ends in `ret` and not in a jump: all lanes leave from the same chain
# of calls, so the processor's prediction of returns stays right.
    .text
    .globl  softmetal_switch
    .hidden softmetal_switch
    .type   softmetal_switch, @function
    .p2align 4
softmetal_switch:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .size   softmetal_switch, .-softmetal_switch
    .section .note.GNU-stack, "", @progbits
