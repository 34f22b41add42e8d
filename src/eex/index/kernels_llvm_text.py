"""The kernels of `eex.index.kernels_llvm`, in LLVM's language, and what stands in them by format.

Source:
    LLVM Language Reference: `llvm.prefetch`, `fpext`, `sext`, fast-math flags, attributes.
"""

from string import Template

import numpy as np

DOTS = Template("""
; out[i] = sum over j of rows[i * dim + j] * query[j], for i < n; n and dim are at least 1.
define void @dot_rows(ptr noalias %rows, ptr noalias %query, ptr noalias %out, i64 %n, i64 %dim)
    "prefer-vector-width"="512" {
start:
  br label %row

row:
  %i = phi i64 [0, %start], [%next_i, %done]
  %first = mul i64 %i, %dim
  %this = getelementptr $stored, ptr %rows, i64 %first
  br label %ask

ask:                              ; beyond the end this does nothing
  %line = phi i64 [0, %row], [%next_line, %ask]
  %far = add i64 %line, $ahead
  %there = getelementptr $stored, ptr %this, i64 %far
  call void @llvm.prefetch.p0(ptr %there, i32 0, i32 3, i32 1)
  %next_line = add i64 %line, $line
  %more_lines = icmp ult i64 %next_line, %dim
  br i1 %more_lines, label %ask, label %multiply

multiply:
  %j = phi i64 [0, %ask], [%next_j, %multiply]
  %sum = phi $summed [$zero, %ask], [%next_sum, %multiply]
  %number_at = getelementptr inbounds $stored, ptr %this, i64 %j
  %number = load $stored, ptr %number_at
  %number_wide = $widen $stored %number to $summed
  %asked_at = getelementptr inbounds $asked, ptr %query, i64 %j
  %asked = load $asked, ptr %asked_at
  %asked_wide = $widen_asked $asked %asked to $summed
  %product = $multiply $summed %number_wide, %asked_wide
  %next_sum = $add $summed %sum, %product
  %next_j = add nuw i64 %j, 1
  %more = icmp ult i64 %next_j, %dim
  br i1 %more, label %multiply, label %done

done:
  %result = $finish $summed %next_sum to $result
  %out_at = getelementptr inbounds $result, ptr %out, i64 %i
  store $result %result, ptr %out_at
  %next_i = add nuw i64 %i, 1
  %more_rows = icmp ult i64 %next_i, %n
  br i1 %more_rows, label %row, label %end

end:
  ret void
}

declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
""")
"""All rows, in LLVM's language."""

PICKED = Template("""
; dots[i] = sum over j of row[j] * query[j], squares[i] = sum over j of row[j] * row[j], where row
; is rows[picked[i]] as double, times sign, plus shift; for i < n; n and dim are at least 1.
define void @picked_dots(ptr noalias %rows, ptr noalias %picked, ptr noalias %query,
                         ptr noalias %dots, ptr noalias %squares, i64 %n, i64 %dim,
                         double %sign, double %shift)
    "prefer-vector-width"="512" {
start:
  %last = sub i64 %n, 1
  br label %row

row:
  %i = phi i64 [0, %start], [%next_i, %done]
  %this_at = getelementptr inbounds i64, ptr %picked, i64 %i
  %this_row = load i64, ptr %this_at
  %this_first = mul i64 %this_row, %dim
  %this = getelementptr $stored, ptr %rows, i64 %this_first
  %later = add i64 %i, $ahead
  %is_later = icmp ult i64 %later, %last
  %later_i = select i1 %is_later, i64 %later, i64 %last
  %later_at = getelementptr inbounds i64, ptr %picked, i64 %later_i
  %later_row = load i64, ptr %later_at
  %later_first = mul i64 %later_row, %dim
  %there = getelementptr $stored, ptr %rows, i64 %later_first
  br label %ask

ask:
  %line = phi i64 [0, %row], [%next_line, %ask]
  %line_at = getelementptr $stored, ptr %there, i64 %line
  call void @llvm.prefetch.p0(ptr %line_at, i32 0, i32 3, i32 1)
  %next_line = add i64 %line, $line
  %more_lines = icmp ult i64 %next_line, %dim
  br i1 %more_lines, label %ask, label %multiply

multiply:
  %j = phi i64 [0, %ask], [%next_j, %multiply]
  %dot = phi double [0.0, %ask], [%next_dot, %multiply]
  %square = phi double [0.0, %ask], [%next_square, %multiply]
  %number_at = getelementptr inbounds $stored, ptr %this, i64 %j
  %number = load $stored, ptr %number_at
  $widen
  %asked_at = getelementptr inbounds double, ptr %query, i64 %j
  %asked = load double, ptr %asked_at
  %product = fmul $regrouped double %wide, %asked
  %next_dot = fadd $regrouped double %dot, %product
  %own = fmul $regrouped double %wide, %wide
  %next_square = fadd $regrouped double %square, %own
  %next_j = add nuw i64 %j, 1
  %more = icmp ult i64 %next_j, %dim
  br i1 %more, label %multiply, label %done

done:
  %dot_at = getelementptr inbounds double, ptr %dots, i64 %i
  store double %next_dot, ptr %dot_at
  %square_at = getelementptr inbounds double, ptr %squares, i64 %i
  store double %next_square, ptr %square_at
  %next_i = add nuw i64 %i, 1
  %more_rows = icmp ult i64 %next_i, %n
  br i1 %more_rows, label %row, label %end

end:
  ret void
}

declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
""")
"""Picked rows, in LLVM's language."""

REGROUPED = "reassoc contract nsz"
"""Sums of floats may be taken side by side; NaN and infinity stay what they are."""

FLOAT16 = {
    "stored": "half",
    "asked": "float",
    "summed": "float",
    "result": "float",
    "zero": "0.0",
    "widen": "fpext",
    "widen_asked": "bitcast",
    "multiply": f"fmul {REGROUPED}",
    "add": f"fadd {REGROUPED}",
    "finish": "bitcast",
}
INT8 = {
    "stored": "i8",
    "asked": "i16",
    "summed": "i32",
    "result": "double",
    "zero": "0",
    "widen": "sext",
    "widen_asked": "sext",
    "multiply": "mul nsw",
    "add": "add nsw",
    "finish": "sitofp",
}
"""What stands in the kernel of all rows for those of this format."""

WIDEN = {
    np.dtype(np.float16): (
        "half",
        """%single = fpext half %number to float
  %wide = fpext float %single to double""",
    ),
    np.dtype(np.float32): ("float", "%wide = fpext float %number to double"),
    np.dtype(np.int8): (
        "i8",
        """%plain = sitofp i8 %number to double
  %signed = fmul double %plain, %sign
  %wide = fadd double %signed, %shift""",
    ),
}
"""How the kernel of picked rows makes a double of a number of this format."""
