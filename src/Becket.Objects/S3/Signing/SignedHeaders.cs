using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Becket.Objects.S3.Signing;

/// <summary>One header under the signature: its name in lower case, its value without blanks around it.</summary>
internal readonly record struct SignedHeader(string Name, string Value);

/// <summary>
/// The headers of one request that go under its signature, kept in the order of their names as the signature needs
/// them. A mutable struct that lives on the stack of the method that builds the request: pass it by reference.
/// </summary>
internal struct SignedHeaders
{
    private const int Capacity = 16;

    private Slots _slots;
    private int _count;

    public void Add(string name, string? value)
    {
        if (value is null)
            return;

        Debug.Assert(_count < Capacity && !name.AsSpan().ContainsAnyInRange('A', 'Z') && value == value.Trim());
        var at = _count++;
        for (; at > 0 && string.CompareOrdinal(_slots[at - 1].Name, name) > 0; at--)
            _slots[at] = _slots[at - 1];
        _slots[at] = new SignedHeader(name, value);
    }

    [UnscopedRef]
    public readonly ReadOnlySpan<SignedHeader> AsSpan() => ((ReadOnlySpan<SignedHeader>)_slots)[.._count];

    [InlineArray(Capacity)]
    private struct Slots
    {
        private SignedHeader _first;
    }
}
