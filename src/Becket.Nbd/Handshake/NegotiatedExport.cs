using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Handshake;

/// <summary>How requests are answered: set by the option STRUCTURED_REPLY.</summary>
internal enum ReplyStyle
{
    Simple,
    Structured,
}

/// <summary>
/// What a handshake has led to: the device that the client uses and the terms on which it does. Immutable; the device
/// belongs to the catalog.
/// </summary>
internal sealed class NegotiatedExport
{
    public NegotiatedExport(string name, IBlockDevice device, ReplyStyle style, MetaContext? context)
    {
        Name = name;
        Device = device;
        Info = device.Info;
        Style = style;
        Context = context;
        Flags = ExportTerms.Flags(Info, style);
        MaximumPayload = ExportTerms.MaximumPayload(Info);
    }

    public string Name { get; }

    public IBlockDevice Device { get; }

    /// <summary>The device's own record, taken once: a filter may make a new one on each call.</summary>
    public BlockDeviceInfo Info { get; }

    public ReplyStyle Style { get; }

    /// <summary>The context that BLOCK_STATUS reports, or null where none was selected.</summary>
    public MetaContext? Context { get; }

    public TransmissionFlags Flags { get; }

    /// <summary>The longest READ or WRITE in bytes.</summary>
    public int MaximumPayload { get; }

    public bool Offers(TransmissionFlags flag) => Flags.HasFlag(flag);
}
