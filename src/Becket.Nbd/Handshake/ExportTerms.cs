using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Handshake;

/// <summary>What a client is told about a device: its features in the words of the protocol.</summary>
internal static class ExportTerms
{
    private static readonly (BlockDeviceFeatures Feature, TransmissionFlags Flag)[] Offers =
    [
        (BlockDeviceFeatures.Flush, TransmissionFlags.SendFlush),
        (BlockDeviceFeatures.Durable, TransmissionFlags.SendFua),
        (BlockDeviceFeatures.Prefetch, TransmissionFlags.SendCache),
        (BlockDeviceFeatures.MultiConnection, TransmissionFlags.CanMultiConn),
    ];

    private static readonly (BlockDeviceFeatures Feature, TransmissionFlags Flag)[] WritableOffers =
    [
        (BlockDeviceFeatures.Trim, TransmissionFlags.SendTrim),
        (BlockDeviceFeatures.Zero, TransmissionFlags.SendWriteZeroes),
        (BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero, TransmissionFlags.SendFastZero),
    ];

    public static TransmissionFlags Flags(BlockDeviceInfo info, ReplyStyle style)
    {
        var flags = TransmissionFlags.HasFlags;

        // Exactly when structured replies are on: a simple reply cannot be fragmented.
        if (style == ReplyStyle.Structured)
            flags |= TransmissionFlags.SendDf;

        foreach (var (feature, flag) in Offers)
        {
            if (info.Has(feature))
                flags |= flag;
        }

        if (info.IsReadOnly)
            return flags | TransmissionFlags.ReadOnly;

        foreach (var (feature, flag) in WritableOffers)
        {
            if (info.Has(feature))
                flags |= flag;
        }

        return flags;
    }

    public static int MaximumPayload(BlockDeviceInfo info) => Math.Min(info.MaximumRequest, NbdLimits.Payload);

    /// <summary>The preferred block is at least 512 on the wire, and the maximum a multiple of the minimum.</summary>
    public static BlockSizeInfo BlockSizes(BlockDeviceInfo info)
    {
        var preferred = Math.Max(512, Math.Max(info.PreferredBlock, info.MinimumBlock));
        var maximum = MaximumPayload(info) / info.MinimumBlock * info.MinimumBlock;
        return new BlockSizeInfo((uint)info.MinimumBlock, (uint)preferred, (uint)maximum);
    }
}
