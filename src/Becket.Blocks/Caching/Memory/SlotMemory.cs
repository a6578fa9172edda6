using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Becket.Blocks.Caching.Memory;

/// <summary>
/// The bytes of the memory cache: one reservation outside the garbage collector's heap, cut into slots of one piece each.
/// Slot 0 does not exist: it stands for "none". A slot's pages cost memory from the first byte that is written to them.
/// </summary>
/// <remarks>
/// A pin keeps a slot from being taken for another piece; readers and fillers pin without a lock. Whoever takes a slot away
/// does so with <see cref="TryClaim"/>, which succeeds only while nobody has it pinned. Dispose it after its last user.
/// </remarks>
internal sealed unsafe class SlotMemory : IDisposable
{
    /// <summary>Added to the pins of a slot that changes hands, so that whoever pins it sees a negative number.</summary>
    private const int Claimed = int.MinValue / 2;

    /// <summary>Where counting the readings of a slot ends.</summary>
    public const byte MaximumFrequency = 3;

    private readonly Header[] _headers;
    private readonly MemoryManager<byte>?[] _managers;
    private readonly HugePages _hugePages;
    private byte* _base;

    /// <param name="bytes">The size; rounded down to whole slots, at least one.</param>
    public SlotMemory(long bytes)
    {
        Slots = (int)Math.Clamp(bytes / CacheGeometry.Piece, 1, int.MaxValue / 2);
        _headers = new Header[Slots + 1];
        _managers = new MemoryManager<byte>?[Slots + 1];
        _base = (byte*)NativeMemory.AlignedAlloc((nuint)Slots * CacheGeometry.Piece, HugePages.Size);
        _hugePages = new HugePages(_base, Slots);
    }

    public int Slots { get; }

    /// <summary>Slots that somebody has pinned. Counted, as it is asked for by tests and at the end only.</summary>
    public int Pinned => _headers.Count(static header => header.Pins != 0);

    public Span<byte> Span(int slot) => new(Address(slot), CacheGeometry.Piece);

    /// <summary>The same for calls that wait; the slot stays pinned until they are over.</summary>
    public Memory<byte> Memory(int slot) => (_managers[slot] ??= new SlotManager(this, slot)).Memory;

    /// <summary>False where the slot is just being given to another piece.</summary>
    public bool TryPin(int slot)
    {
        if (Interlocked.Increment(ref _headers[slot].Pins) > 0)
            return true;
        Interlocked.Decrement(ref _headers[slot].Pins);
        return false;
    }

    public void Unpin(int slot) => Interlocked.Decrement(ref _headers[slot].Pins);

    /// <summary>Shuts everybody out of a slot that nobody has pinned; false where somebody has.</summary>
    public bool TryClaim(int slot) => Interlocked.CompareExchange(ref _headers[slot].Pins, Claimed, comparand: 0) == 0;

    /// <summary>Ends a claim. Pins that were tried meanwhile have undone themselves or will.</summary>
    public void EndClaim(int slot) => Interlocked.Add(ref _headers[slot].Pins, -Claimed);

    /// <summary>Counts a reading of bytes that were read before. Called by anybody who has the slot pinned.</summary>
    public void CountReuse(int slot)
    {
        ref var frequency = ref _headers[slot].Frequency;
        if (frequency == MaximumFrequency)
            return;
        if (frequency++ == 0)
            _hugePages.NoteReuse(slot - 1);
    }

    /// <summary>How often a slot's bytes were asked for again, up to 3. Lost updates do not matter.</summary>
    public ref byte Frequency(int slot) => ref _headers[slot].Frequency;

    public void Dispose()
    {
        _hugePages.Dispose();
        Debug.Assert(Pinned == 0, "a slot is in use");
        NativeMemory.AlignedFree(_base);
        _base = null;
    }

    private byte* Address(int slot)
    {
        ObjectDisposedException.ThrowIf(_base is null, this);
        return _base + ((long)(slot - 1) * CacheGeometry.Piece);
    }

    /// <summary>A cache line of its own, so that readers of neighbouring slots do not slow each other down.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Header
    {
        public int Pins;
        public byte Frequency;
    }

    private sealed class SlotManager(SlotMemory memory, int slot) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => memory.Span(slot);

        public override MemoryHandle Pin(int elementIndex = 0) => new(memory.Address(slot) + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
