# objc_msgSend for x86-64 (System V). Finds the method and jumps to it with every argument register and the stack as the
# caller left them, so that structures passed by value (an MTLSize lies on the stack) arrive where the method expects them.
    .text
    .globl  objc_msgSend
    .type   objc_msgSend, @function
    .p2align 4
objc_msgSend:
    testq   %rdi, %rdi
    je      1f
    pushq   %rbp
    movq    %rsp, %rbp
    subq    $0xC0, %rsp
    movq    %rdi, 0x00(%rsp)
    movq    %rsi, 0x08(%rsp)
    movq    %rdx, 0x10(%rsp)
    movq    %rcx, 0x18(%rsp)
    movq    %r8,  0x20(%rsp)
    movq    %r9,  0x28(%rsp)
    movq    %rax, 0x30(%rsp)
    movups  %xmm0, 0x40(%rsp)
    movups  %xmm1, 0x50(%rsp)
    movups  %xmm2, 0x60(%rsp)
    movups  %xmm3, 0x70(%rsp)
    movups  %xmm4, 0x80(%rsp)
    movups  %xmm5, 0x90(%rsp)
    movups  %xmm6, 0xA0(%rsp)
    movups  %xmm7, 0xB0(%rsp)
    call    softmetal_method
    movq    %rax, %r11
    movq    0x00(%rsp), %rdi
    movq    0x08(%rsp), %rsi
    movq    0x10(%rsp), %rdx
    movq    0x18(%rsp), %rcx
    movq    0x20(%rsp), %r8
    movq    0x28(%rsp), %r9
    movq    0x30(%rsp), %rax
    movups  0x40(%rsp), %xmm0
    movups  0x50(%rsp), %xmm1
    movups  0x60(%rsp), %xmm2
    movups  0x70(%rsp), %xmm3
    movups  0x80(%rsp), %xmm4
    movups  0x90(%rsp), %xmm5
    movups  0xA0(%rsp), %xmm6
    movups  0xB0(%rsp), %xmm7
    leave
    jmp     *%r11
1:  xorl    %eax, %eax          # a message to nil gives zero
    xorl    %edx, %edx
    pxor    %xmm0, %xmm0
    pxor    %xmm1, %xmm1
    ret
    .size   objc_msgSend, .-objc_msgSend

# For results of more than 16 bytes: the first register holds where to put them, the receiver comes second.
    .globl  objc_msgSend_stret
    .type   objc_msgSend_stret, @function
    .p2align 4
objc_msgSend_stret:
    testq   %rsi, %rsi
    je      2f
    pushq   %rbp
    movq    %rsp, %rbp
    subq    $0x30, %rsp
    movq    %rdi, 0x00(%rsp)
    movq    %rsi, 0x08(%rsp)
    movq    %rdx, 0x10(%rsp)
    movq    %rcx, 0x18(%rsp)
    movq    %r8,  0x20(%rsp)
    movq    %r9,  0x28(%rsp)
    movq    %rsi, %rdi
    movq    %rdx, %rsi
    call    softmetal_method
    movq    %rax, %r11
    movq    0x00(%rsp), %rdi
    movq    0x08(%rsp), %rsi
    movq    0x10(%rsp), %rdx
    movq    0x18(%rsp), %rcx
    movq    0x20(%rsp), %r8
    movq    0x28(%rsp), %r9
    leave
    jmp     *%r11
2:  movq    %rdi, %rax
    ret
    .size   objc_msgSend_stret, .-objc_msgSend_stret
    .section .note.GNU-stack, "", @progbits
